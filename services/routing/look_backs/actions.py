"""The verbs on look-backs: each changes rows and emits the event in one transaction; none changes a case but by marking it."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.routing.actions.steps import tell
from services.routing.errors import UnknownResultClass
from services.routing.look_backs import queries, rules
from services.routing.look_backs.models import LookBack, LookBackFinding, LookBackItem
from services.routing.look_backs.rules import Found, Selection
from services.routing.models import SupervisionMark
from services.routing.promises import actions as promises
from services.routing.promises.rules import OWED
from services.routing.queries import state_by_id
from services.routing.reports.rules import year_of
from services.routing.supervising.actions import check_cases
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.routing_supervising import LookBackClosed, LookBackItemFound, LookBackOpened
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.outbox import emit


async def begin(tx: Tx, caller: Caller, name: str, selection: Selection) -> LookBack:
    """Begins a look-back over the caller's region; a sweep adds its items. Raises UnknownResultClass or CasesNotFound."""
    if selection.kind == "class" and tx.policy.result_class(selection.result_class) is None:
        raise UnknownResultClass(where="selection.class", known=[c.code for c in tx.policy.result_classes])
    await check_cases(tx, caller, selection.cases, "selection.cases")
    look_back = LookBack(
        id=new_id(),
        region=caller.region,
        name=name,
        selection=selection.said(),
        made_at=now(),
        made_by=caller.account_id,
        profile_version=tx.policy.profile_version,
    )
    tx.add(look_back)
    return look_back


# Each takes the look-back's region and the last case that was added.
_CHOSEN = {
    "class": "c.result_class = $4 AND EXISTS (SELECT FROM reply r WHERE r.case_id = c.id AND r.result_class = $4 "
    "AND r.replied_at >= $5 AND r.replied_at < $6 AND NOT EXISTS "
    "(SELECT FROM reply n WHERE n.case_id = c.id AND n.round > r.round)) AND ($7::text IS NULL OR c.lead = $7)",
    "overdue_promises": "EXISTS (SELECT FROM promise p WHERE p.case_id = c.id AND p.state = ANY($4) AND p.due_at < $5 "
    "AND ($6::timestamptz IS NULL OR p.made_at < $6) AND ($7::text IS NULL OR p.department = $7))",
    "cases": "c.id = ANY($4)",
}
_ADD = """
    INSERT INTO look_back_item (look_back_id, case_id, number, department, result_class, version)
    SELECT $8, c.id, c.number, c.lead, c.result_class, 0 FROM cases c
    WHERE starts_with(c.region, $1) AND ($2::uuid IS NULL OR c.id > $2) AND {chosen} ORDER BY c.id LIMIT $3 RETURNING case_id
    """


async def fill(tx: Tx) -> int:
    """Adds up to a batch of items to the oldest look-back that is being filled, and opens it when all are there. Says how many it did."""
    wanted = select(LookBack).where(col(LookBack.state) == "filling").order_by(col(LookBack.made_at)).limit(1)
    look_back = await tx.scalar(wanted.with_for_update(skip_locked=True))
    if look_back is None:
        return 0
    most = tx.settings.look_back_batch
    added = [row["case_id"] for row in await _add(tx, look_back, most)]
    if added:
        look_back.filled_to = max(added)
    if len(added) < most:
        look_back.state = "open"
        look_back.version += 1
        counted = await queries.count(tx, look_back.id)
        emit(tx, LookBackOpened(look_back_id=look_back.id, region=look_back.region, items=counted.items))
    live(tx, "look_back", str(look_back.id))
    return max(len(added), 1)


async def _add(tx: Tx, look_back: LookBack, most: int) -> list[Any]:
    """The first items after those that are there. Parameters of a selection that asks for less are numbered on behind it."""
    said = look_back.selection
    year, department = said.get("year"), said.get("department")
    first, end = year_of(year) if year else (None, None)
    values: list[Any] = [look_back.region, look_back.filled_to, most]
    if said["kind"] == "class":
        values += [said["result_class"], first, end, department]
    elif said["kind"] == "overdue_promises":
        values += [list(OWED), now(), end, department]
    else:
        values += [[uuid.UUID(one) for one in said["cases"]]]
    statement = _ADD.format(chosen=_CHOSEN[said["kind"]]).replace("$8", f"${len(values) + 1}")
    return list(await tx.run(statement, *values, look_back.id))


async def find_out(tx: Tx, look_back_id: uuid.UUID, case_id: uuid.UUID, caller: Caller, version: int, found: Found) -> LookBackItem:
    """Enters what was found of an item: done keeps what was promised on the case; not done may have it supervised again.
    Raises LookBackNotFound, LookBackFilling, LookBackIsClosed, StaleVersion, LookedInFuture, OnlyUndoneIsSupervised, NotReplied,
    DeliveryNotPossible.
    """
    look_back = await queries.find(tx, caller, look_back_id, lock=True)
    rules.check_open(look_back.state)
    item = await queries.find_item(tx, look_back_id, case_id)
    check_version(item.version, version)
    case, at = await state_by_id(tx, case_id), now()
    rules.check_finding(case, found, at)
    item.finding, item.version = found.finding, item.version + 1
    if found.finding == "done":
        delivered_at = found.delivered_at or found.looked_at
        await promises.found_done(tx, case_id, delivered_at=delivered_at, evidence=found.evidence, at=at)
    if found.supervised:
        mark = {"case_id": case_id, "round": case.round, "reason": "look_back", "at": at}
        await tx.execute(insert(SupervisionMark).values(mark).on_conflict_do_nothing())
    about: dict[str, Any] = {"look_back_id": look_back_id, "case_id": case_id, "version": item.version}
    tx.add(LookBackFinding(**about, **asdict(found), at=at, by_account=caller.account_id))
    told = {"look_back_id": look_back_id, "finding": found.finding, "supervised": found.supervised}
    tell(tx, case, LookBackItemFound, department=case.lead, **told)
    live(tx, "look_back", str(look_back_id))
    return item


async def close(tx: Tx, look_back_id: uuid.UUID, caller: Caller, version: int) -> LookBack:
    """Ends a look-back; items that nobody looked at stay without a finding. Raises LookBackNotFound, LookBackFilling, LookBackIsClosed."""
    look_back = await queries.find(tx, caller, look_back_id)
    await tx.refresh(look_back, with_for_update=True)
    check_version(look_back.version, version)
    rules.check_open(look_back.state)
    look_back.state, look_back.closed_at, look_back.version = "closed", now(), look_back.version + 1
    counted = await queries.count(tx, look_back_id)
    found = {finding: counted.by_finding.get(finding, 0) for finding in rules.FINDINGS}
    unseen = counted.by_finding.get(None, 0)
    emit(tx, LookBackClosed(look_back_id=look_back_id, items=counted.items, unseen=unseen, **found))
    live(tx, "look_back", str(look_back_id))
    return look_back
