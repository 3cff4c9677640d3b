"""What people do with a case: the desk hands over, the lead department accepts, objects and replies."""

from __future__ import annotations

import uuid

from services.routing.actions.held import Held, hold, write
from services.routing.actions.organisations import check_active
from services.routing.actions.steps import actor, give_parts, set_clock, step, tell
from services.routing.errors import CaseNotFound, NotTheLead, ObjectionTooLate, UnknownCategory, UnknownResultClass
from services.routing.models import CaseState
from services.routing.suggestions.queries import words_told
from shared.clock import now
from shared.db import Tx
from shared.events.routing import CategoryCorrected
from shared.http import check_version
from shared.identity import Caller
from shared.workdays import due, official_calendar


async def assign(
    tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, lead: str, co_handlers: list[str], category: str | None
) -> CaseState:
    """Hands a case over (交办) to a lead and co-handlers, or to others than before, and corrects its category if one is given.

    The reply clock starts anew, within the longest time from the round's first hand-over. Raises CaseNotFound,
    StaleVersion, CaseAlreadyAccepted, CaseAlreadyReplied, CaseAlreadyClosed, UnknownOrganisation, LeadIsCoHandler, UnknownCategory.
    """
    held = await _locked(tx, case_id)
    case = held.case
    if not caller.sees_region(case.region):
        raise CaseNotFound
    check_version(case.version, version)
    co_handlers = list(dict.fromkeys(co_handlers))
    await check_active(tx, lead, co_handlers)
    at = now()
    move = step(tx, held, "assign", actor(caller), at)
    if category is not None and category != case.category:
        _correct(tx, case, category)
    set_clock(tx, case, at)
    tell(
        tx,
        case,
        move.event,
        category=case.category,
        lead=lead,
        co_handlers=tuple(co_handlers),
        by="desk",
        reply_due_at=case.reply_due_at,
        due_is_provisional=case.due_is_provisional,
    )
    await give_parts(tx, case, lead, co_handlers)
    await write(tx, held)
    return case


def _correct(tx: Tx, case: CaseState, category: str) -> None:
    if tx.policy.category(category) is None:
        raise UnknownCategory(where="category", known=[c.code for c in tx.policy.categories])
    tell(tx, case, CategoryCorrected, proposed=case.proposed_category, corrected=category)
    case.category = category


async def accept(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> CaseState:
    """The lead department takes the case on. Raises CaseNotFound, NotTheLead, StaleVersion and what the state forbids."""
    held = await _led(tx, case_id, caller, version)
    case = held.case
    move = step(tx, held, "accept", actor(caller), now())
    tell(tx, case, move.event, department=case.lead)
    await write(tx, held)
    return case


async def object_to(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, reason: str) -> CaseState:
    """The lead department says with a reason that the matter is not its own (异议); the desk decides, the clock runs on.

    Raises as `accept` does, and ObjectionTooLate after the profile's objection clock.
    """
    held = await _led(tx, case_id, caller, version)
    case = held.case
    at = now()
    move = step(tx, held, "object", actor(caller), at, note=reason)
    assert case.handed_over_at is not None
    until = due(case.handed_over_at, tx.policy.clocks.objection, official_calendar()).at
    if at > until:
        raise ObjectionTooLate(number=case.number, until=until.isoformat(timespec="seconds"))
    tell(tx, case, move.event, department=case.lead, reason=await words_told(tx, case, reason))
    await write(tx, held)
    return case


async def reply(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, result_class: str, text: str, signer: str) -> CaseState:
    """The lead department answers in this round with a result class. Raises as `accept` does, and UnknownResultClass."""
    held = await _led(tx, case_id, caller, version)
    case = held.case
    at = now()
    move = step(tx, held, "reply", actor(caller), at)
    known = tx.policy.result_class(result_class)
    if known is None:
        raise UnknownResultClass(where="class", known=[c.code for c in tx.policy.result_classes])
    assert case.reply_due_at is not None
    assert case.lead is not None
    answer = {
        "department": case.lead,
        "result_class": known.code,
        "counts_as_done": known.counts_as_done,
        "counts_as_promise": known.counts_as_promise,
        "signer": signer,
        "replied_at": at,
        "on_time": at <= case.reply_due_at,
    }
    await tx.run(_ADD_REPLY, case.id, case.round, text, *answer.values())
    case.result_class = known.code
    tell(tx, case, move.event, text=await words_told(tx, case, text), **answer)
    await write(tx, held)
    return case


_ADD_REPLY = """
    INSERT INTO reply (case_id, round, text, department, result_class, counts_as_done, counts_as_promise, signer, replied_at, on_time)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    """
_HAS_PART = "SELECT FROM part WHERE case_id = $1 AND current AND organisation = $2"


async def _locked(tx: Tx, case_id: uuid.UUID) -> Held:
    held = await hold(tx, case_id)
    if held is None:
        raise CaseNotFound
    return held


async def _led(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> Held:
    """The case, locked, for its lead department in the version it knows."""
    held = await _locked(tx, case_id)
    case = held.case
    if caller.organisation is None or caller.organisation != case.lead:
        raise NotTheLead if await tx.run(_HAS_PART, case.id, caller.organisation) else CaseNotFound
    check_version(case.version, version)
    return held
