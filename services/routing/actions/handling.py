"""What people do with a case: the desk hands over, the lead department accepts, objects and replies."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlmodel import col

from services.routing.actions.organisations import check_active
from services.routing.actions.steps import actor, give_parts, set_clock, step, tell
from services.routing.errors import CaseNotFound, NotTheLead, ObjectionTooLate, UnknownCategory, UnknownResultClass
from services.routing.models import Case, Part, Reply
from shared.clock import now
from shared.db import Tx
from shared.events.routing import CategoryCorrected
from shared.http import check_version
from shared.identity import Caller
from shared.masking import mask
from shared.workdays import due, official_calendar


async def assign(
    tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, lead: str, co_handlers: list[str], category: str | None
) -> Case:
    """Hands a case over (交办) to a lead and co-handlers, or to others than before, and corrects its category if one is given.

    The reply clock starts anew, within the longest time from the round's first hand-over. Raises CaseNotFound,
    StaleVersion, CaseAlreadyAccepted, CaseAlreadyReplied, CaseAlreadyClosed, UnknownOrganisation, LeadIsCoHandler, UnknownCategory.
    """
    case = await _locked(tx, case_id)
    if not caller.sees_region(case.region):
        raise CaseNotFound
    check_version(case.version, version)
    co_handlers = list(dict.fromkeys(co_handlers))
    # Asked before the step: a question to the database makes the session write first what has changed so far.
    await check_active(tx, lead, co_handlers)
    at = now()
    move = step(tx, case, "assign", actor(caller), at)
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
    return case


def _correct(tx: Tx, case: Case, category: str) -> None:
    if tx.policy.category(category) is None:
        raise UnknownCategory(where="category", known=[c.code for c in tx.policy.categories])
    tell(tx, case, CategoryCorrected, proposed=case.proposed_category, corrected=category)
    case.category = category


async def accept(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> Case:
    """The lead department takes the case on. Raises CaseNotFound, NotTheLead, StaleVersion and what the state forbids."""
    case = await _led(tx, case_id, caller, version)
    move = step(tx, case, "accept", actor(caller), now())
    tell(tx, case, move.event, department=case.lead)
    return case


async def object_to(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, reason: str) -> Case:
    """The lead department says with a reason that the matter is not its own (异议); the desk decides, the clock runs on.

    Raises as `accept` does, and ObjectionTooLate after the profile's objection clock.
    """
    case = await _led(tx, case_id, caller, version)
    at = now()
    move = step(tx, case, "object", actor(caller), at, note=reason)
    assert case.handed_over_at is not None
    until = due(case.handed_over_at, tx.policy.clocks.objection, official_calendar()).at
    if at > until:
        raise ObjectionTooLate(number=case.number, until=until.isoformat(timespec="seconds"))
    tell(tx, case, move.event, department=case.lead, reason=mask(reason))
    return case


async def reply(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, result_class: str, text: str, signer: str) -> Case:
    """The lead department answers in this round with a result class. Raises as `accept` does, and UnknownResultClass."""
    case = await _led(tx, case_id, caller, version)
    at = now()
    move = step(tx, case, "reply", actor(caller), at)
    known = tx.policy.result_class(result_class)
    if known is None:
        raise UnknownResultClass(where="class", known=[c.code for c in tx.policy.result_classes])
    assert case.reply_due_at is not None
    assert case.lead is not None
    answer = Reply(
        case_id=case.id,
        round=case.round,
        department=case.lead,
        result_class=known.code,
        counts_as_done=known.counts_as_done,
        counts_as_promise=known.counts_as_promise,
        text=text,
        signer=signer,
        replied_at=at,
        on_time=at <= case.reply_due_at,
    )
    tx.add(answer)
    case.result_class = known.code
    told = answer.model_dump(exclude={"case_id", "round", "text"})
    tell(tx, case, move.event, text=mask(text), **told)
    return case


async def _locked(tx: Tx, case_id: uuid.UUID) -> Case:
    case = (await tx.execute(select(Case).where(col(Case.id) == case_id).with_for_update())).scalar_one_or_none()
    if case is None:
        raise CaseNotFound
    return case


async def _led(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> Case:
    """The case, locked, for its lead department in the version it knows."""
    case = await _locked(tx, case_id)
    if caller.organisation is None or caller.organisation != case.lead:
        mine = select(col(Part.id)).where(col(Part.case_id) == case.id, col(Part.current), col(Part.organisation) == caller.organisation)
        raise NotTheLead if (await tx.execute(mine)).first() else CaseNotFound
    check_version(case.version, version)
    return case
