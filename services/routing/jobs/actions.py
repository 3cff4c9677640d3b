"""The verbs of bulk jobs: asked for, worked off a batch at a time by whichever replica is free, deleted after hours.

A batch's cases, their outcomes and the progress are one transaction: after a crash the job goes on where it was, each case once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlmodel import col

from services.routing.actions.handling import give_and_write, move_over
from services.routing.actions.held import Held, hold_all
from services.routing.actions.organisations import check_active
from services.routing.actions.steps import Actor
from services.routing.actions.together import check_alone, together
from services.routing.errors import CaseNotFound, UnknownCategory
from services.routing.jobs import queries, rules
from services.routing.jobs.models import Job, JobItem, JobPage
from services.routing.queries import Filters
from services.routing.reports.queries import names_of
from shared.audit import about
from shared.clock import now
from shared.db import Tx
from shared.errors import Refused
from shared.events import new_id
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.tables import table_of, unnested

DONE = "done"
_KEPT = ("case.read", "case.read.own", "case.assign")
_OF_ITEM = ("job_id", "position", "case_id", "number", "version")
_ITEMS = f"INSERT INTO job_item ({', '.join(_OF_ITEM)}) SELECT * FROM {unnested(table_of(JobItem), _OF_ITEM)}"  # noqa: S608
_OUTCOMES = """
    UPDATE job_item SET outcome = ended.outcome FROM unnest($2::int[], $3::text[]) AS ended (position, outcome)
    WHERE job_id = $1 AND job_item.position = ended.position
    """


async def ask_assign(
    tx: Tx,
    caller: Caller,
    lang: str,
    *,
    ids: Sequence[uuid.UUID] | None,
    filters: Filters | None,
    lead: str,
    co_handlers: list[str],
    category: str | None,
) -> Job:
    """Begins to hand over many cases, each in the version that it has now.

    Raises UnknownOrganisation, LeadIsCoHandler, UnknownCategory, NoCases, TooManyCases, SearchTooShort.
    """
    co_handlers = list(dict.fromkeys(co_handlers))
    await check_active(tx, lead, co_handlers)
    if category is not None and tx.policy.category(category) is None:
        raise UnknownCategory(where="category", known=[c.code for c in tx.policy.categories])
    wanted = {"lead": lead, "co_handlers": co_handlers, "category": category}
    return await _begin(tx, caller, "assign", lang, wanted, await _chosen(tx, caller, ids, filters))


async def ask_export(tx: Tx, caller: Caller, lang: str, filters: Filters) -> Job:
    """Begins to write a list of cases that the caller may see. Raises NoCases, TooManyCases, SearchTooShort."""
    wanted = {name: getattr(filters, name) for name in ("status", "department", "overdue", "q")}
    return await _begin(tx, caller, "export", lang, wanted, await _chosen(tx, caller, None, filters))


Chosen = list[tuple[uuid.UUID, str | None, int]]


async def _chosen(tx: Tx, caller: Caller, ids: Sequence[uuid.UUID] | None, filters: Filters | None) -> Chosen:
    """Ids, numbers and versions of the cases of a job. An id that the caller does not see has no number and the version 0."""
    most: int = tx.settings.job_most_cases
    if ids is None:
        rows = await queries.fitting(tx, caller, filters or Filters(), most)
        found: Chosen = [(row["id"], row["number"], row["version"]) for row in rows]
    else:
        seen = await queries.seen(tx, caller, ids)
        found = [(one, seen[one]["number"], seen[one]["version"]) if one in seen else (one, None, 0) for one in dict.fromkeys(ids)]
    rules.check_size(len(found), most)
    return found


async def _begin(tx: Tx, caller: Caller, kind: str, lang: str, wanted: dict[str, Any], chosen: Chosen) -> Job:
    job = Job(
        id=new_id(),
        kind=kind,
        state="under_way",
        wanted=wanted,
        lang=lang,
        by=caller.account_id,
        role=caller.role,
        organisation=caller.organisation,
        region=caller.region,
        permissions=[name for name in _KEPT if caller.may(name)],
        total=len(chosen),
        asked_at=now(),
    )
    tx.add(job)
    await tx.flush()
    ids, numbers, versions = zip(*chosen, strict=True)
    await tx.run(_ITEMS, [job.id] * len(chosen), list(range(len(chosen))), list(ids), list(numbers), list(versions))
    about(tx, job.id, f"kind:{kind}", f"cases:{len(chosen)}")
    return job


async def work_on(tx: Tx) -> int:
    """Works off the next batch of the oldest job that nobody is at. Says how many cases it had."""
    waiting = select(Job).where(col(Job.state) == "under_way").order_by(col(Job.asked_at), col(Job.id)).limit(1)
    job = await tx.scalar(waiting.with_for_update(skip_locked=True))
    if job is None:
        return 0
    items = await queries.next_items(tx, job)
    outcomes = await (_assign if job.kind == "assign" else _write)(tx, job, items)
    await tx.run(_OUTCOMES, job.id, [item["position"] for item in items], outcomes)
    done = outcomes.count(DONE)
    job.done += done
    job.refused += len(items) - done
    if job.done + job.refused == job.total:
        job.state, job.finished_at = "ready", now()
    about(tx, job.id, f"done:{job.done}", f"refused:{job.refused}")
    live(tx, "job", str(job.id))
    return len(items)


async def _assign(tx: Tx, job: Job, items: Sequence[Mapping[str, Any]]) -> list[str]:
    """Hands these cases over, one after the other, and says for each how it ended."""
    wanted, by = job.wanted, Actor(job.role, job.organisation, job.by)
    try:
        await check_active(tx, wanted["lead"], wanted["co_handlers"])
    except Refused as refusal:
        return [refusal.code()] * len(items)
    held = {one.case.id: one for one in await hold_all(tx, "id = ANY($1) ORDER BY id FOR UPDATE", [item["case_id"] for item in items])}
    outcomes, moved, at = [], [], now()
    for item in items:
        try:
            one = _seen(held.get(item["case_id"]), job)
            check_alone(one)
            check_version(one.case.version, item["version"])
            for other in await together(tx, one):
                move_over(tx, other, by, at, wanted["lead"], wanted["co_handlers"], wanted["category"] if other is one else None)
                moved.append(other)
            outcomes.append(DONE)
        except Refused as refusal:
            outcomes.append(refusal.code())
    await give_and_write(tx, moved, wanted["lead"], wanted["co_handlers"])
    return outcomes


def _seen(held: Held | None, job: Job) -> Held:
    if held is None or not held.case.region.startswith(job.region):
        raise CaseNotFound
    return held


async def _write(tx: Tx, job: Job, items: Sequence[Mapping[str, Any]]) -> list[str]:
    """Writes these cases as rows of a sheet, but for those that who asked may not see any more."""
    caller = Caller(job.by, job.role, job.organisation, job.region, None, frozenset(job.permissions), now())
    ids = [item["case_id"] for item in items]
    seen = await queries.seen(tx, caller, ids)
    found = await queries.rows_of(tx, list(seen))
    names = await names_of(tx, [name for row in found.values() for name in (row["lead"], *row["co_handlers"]) if name])
    at = now()
    rows: list[list[Any]] = [rules.sheet_row(tx.policy, names, found[one], at, job.lang) for one in ids if one in found]
    first = job.done + job.refused
    tx.add(JobPage(job_id=job.id, position=first, rows=[*([rules.heading(job.lang)] if first == 0 else []), *rows]))
    return [DONE if one in found else CaseNotFound.code() for one in ids]


async def delete_old(tx: Tx) -> int:
    """Deletes the rows of jobs whose hours are over; what was asked for by whom stays. Says of how many."""
    before = now() - timedelta(hours=tx.settings.job_keep_hours)
    over = select(col(Job.id)).where(col(Job.asked_at) < before, col(Job.state) == "ready").order_by(col(Job.asked_at)).limit(20)
    ids = list(await tx.scalars(over.with_for_update(skip_locked=True)))
    if ids:
        for rows in (JobPage, JobItem):
            await tx.execute(delete(rows).where(col(rows.job_id).in_(ids)))
        await tx.execute(update(Job).where(col(Job.id).in_(ids)).values(state="deleted"))
        about(tx, *ids)
    return len(ids)
