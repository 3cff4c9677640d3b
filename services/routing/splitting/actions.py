"""The verbs of splitting (分办): several departments answer one matter, each for its part, with its own clock (decision record 0030)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from services.routing.actions.handling import hand_over
from services.routing.actions.held import Held, hold, write
from services.routing.actions.organisations import check_active
from services.routing.actions.steps import Actor, actor, step, take_parts, tell
from services.routing.actions.together import mark
from services.routing.errors import CaseHandledTogether, CaseNotFound
from services.routing.models import Base, CaseHistory, CaseState
from services.routing.splitting import queries, rules
from shared.clock import now
from shared.db import Tx
from shared.events import derived_id
from shared.events.routing import CaseOpened
from shared.events.routing_assigning import CaseSplit
from shared.http import check_version
from shared.identity import Caller
from shared.live import live


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked of a further department."""

    lead: str
    co_handlers: list[str]
    asked: str


async def split(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, parts: list[Part]) -> CaseState:
    """Opens a further case for each part and hands it over at once, with its own number and clock. The first case answers for all.

    Raises CaseNotFound, StaleVersion, CaseHandledTogether, PartCannotBeSplit, CannotSplitNow, DepartmentHasPart, UnknownOrganisation,
    LeadIsCoHandler.
    """
    held = await _of_desk(tx, case_id, caller, version)
    case = held.case
    if case.handled_with is not None:
        raise CaseHandledTogether(number=case.number, current=case.version)
    there = await queries.parts_of(tx, case.id)
    taken = [row["lead"] for row in there if row["status"] != "withdrawn"] + ([case.lead] if case.lead else [])
    rules.check_split(case, [part.lead for part in parts], taken)
    for part in parts:
        await check_active(tx, part.lead, part.co_handlers)
    by, opened = actor(caller), []
    for n, part in enumerate(parts, len(there) + 1):
        one = await _open(tx, case, n, part, by)
        opened.append(one.case)
        await hand_over(tx, one, by, part.lead, part.co_handlers)
    case.part_of = case.id
    mark(tx, held, "split", by, now(), note="、".join(one.number for one in opened))
    tell(tx, case, CaseSplit, parts=tuple(one.id for one in opened))
    await write(tx, held)
    return case


_NOT_HANDED_OVER: dict[str, Any] = {
    "status": "to_assign",
    "version": 1,
    "lead": None,
    "proposed_lead": None,
    "handed_over_at": None,
    "clock_from": None,
    "reply_due_at": None,
    "due_is_provisional": False,
    "due_calendar": None,
}


async def _open(tx: Tx, first: CaseState, n: int, part: Part, by: Actor) -> Held:
    at = now()
    changed = {
        "id": derived_id(first.id, f"part-{n}"),
        "number": rules.number_of_part(first.number, n),
        "text": f"{part.asked}\n\n{first.text}",
        "part_of": first.id,
        **_NOT_HANDED_OVER,
        "co_handlers": [],
        "overdue_round": first.round - 1,
        "result_class": None,
        "opened_at": at,
        "lane": "ordinary",
        "profile_version": tx.policy.profile_version,
    }
    case = first.model_copy(update=changed)
    row = case.model_dump()
    line = {
        "case_id": case.id,
        "version": 1,
        "action": "open",
        "from_status": None,
        "to_status": "to_assign",
        "round": case.round,
        "by_role": by.role,
        "by_organisation": by.organisation,
        "by_account": by.account,
        "note": part.asked,
        "at": at,
        "profile_version": tx.policy.profile_version,
    }
    await tx.run(_OPEN, *row.values())
    await tx.run(_LINE, *line.values())
    tell(tx, case, CaseOpened, region=case.region, category=case.category)
    live(tx, "cases", tx.site)
    return Held(case, row)


def _insert(table: str, columns: list[str]) -> str:
    values = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608 - names of our own tables


_OPEN = f"""
    WITH opened AS ({_insert("cases", list(CaseState.model_fields))} RETURNING id)
    INSERT INTO case_search (case_id) SELECT id FROM opened
    """  # noqa: S608 - as above
_LINE = _insert(CaseHistory.__tablename__, [column.name for column in Base.metadata.tables[CaseHistory.__tablename__].columns])


async def take_back(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, reason: str) -> CaseState:
    """The desk takes back a part that has not answered: the others answer without it.

    Raises CaseNotFound, StaleVersion, NotAPart, CaseAlreadyReplied, CaseAlreadyClosed, CaseWasWithdrawn.
    """
    held = await _of_desk(tx, case_id, caller, version)
    case = held.case
    rules.check_take_back(case)
    move = step(tx, held, "withdraw", actor(caller), now(), note=reason)
    await write(tx, held)
    tell(tx, case, move.event, reason="taken_back")
    await take_parts(tx, case)
    return case


async def _of_desk(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> Held:
    held = await hold(tx, case_id)
    if held is None or not caller.sees_region(held.case.region):
        raise CaseNotFound
    check_version(held.case.version, version)
    return held
