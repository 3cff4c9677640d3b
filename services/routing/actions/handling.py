"""What people do with a case: the desk hands over, the lead department accepts, objects and replies."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from services.routing import rules
from services.routing.actions.held import Held, write, write_all
from services.routing.actions.organisations import check_active
from services.routing.actions.pre_assigned import end_pre_assignment
from services.routing.actions.reaching import by_desk, by_lead
from services.routing.actions.steps import Actor, actor, give_parts_of, set_clock, step, tell
from services.routing.actions.together import check_alone, together
from services.routing.answers import actions as answers
from services.routing.co_handling.queries import check_co_handlers
from services.routing.contacts.guards import check_meetings
from services.routing.errors import ObjectionAlreadyDecided, ObjectionTooLate, UnknownCategory, UnknownResultClass
from services.routing.evaluation.actions import send_form
from services.routing.lanes.queries import check_plan
from services.routing.models import CaseState
from services.routing.pauses import actions as pauses
from services.routing.promises import actions as promises
from services.routing.promises.rules import Pledge, pledged
from services.routing.settings import Lane, ResultClass
from services.routing.splitting.queries import answers_of_parts
from services.routing.suggestions.queries import words_told
from shared.clock import now
from shared.db import Tx
from shared.events.routing import CategoryCorrected
from shared.identity import Caller
from shared.workdays import due, official_calendar


async def assign(
    tx: Tx,
    case_id: uuid.UUID,
    caller: Caller,
    version: int,
    *,
    lead: str,
    co_handlers: list[str],
    category: str | None,
    lane: Lane = "ordinary",
) -> CaseState:
    """Hands a case over (交办) to a lead and co-handlers, or to others than before, and corrects its category if one is given.

    The reply clock starts anew, within the longest time from the round's first hand-over. Raises CaseNotFound, CaseIsJoined,
    StaleVersion, CaseAlreadyAccepted, CaseAlreadyReplied, CaseAlreadyClosed, UnknownOrganisation, LeadIsCoHandler, UnknownCategory.
    """
    held = await by_desk(tx, case_id, caller, version)
    case = held.case
    check_alone(held)
    co_handlers = list(dict.fromkeys(co_handlers))
    await check_active(tx, lead, co_handlers)
    await hand_over(tx, held, actor(caller), lead, co_handlers, category, lane)
    return case


async def hand_over(
    tx: Tx, held: Held, by: Actor, lead: str, co_handlers: list[str], category: str | None = None, lane: Lane = "ordinary"
) -> None:
    """Hands a held case over to organisations that are active, and with it those that are handled with it."""
    group = await together(tx, held)
    for one in group:
        move_over(tx, one, by, now(), lead, co_handlers, category if one is held else None, lane)
    await give_and_write(tx, group, lead, co_handlers)


def move_over(
    tx: Tx, held: Held, by: Actor, at: datetime, lead: str, co_handlers: list[str], category: str | None, lane: Lane = "ordinary"
) -> None:
    """The step of a hand-over: what refuses it refuses it here, before anything is written. `give_and_write` is to follow."""
    case = held.case
    move = step(tx, held, "assign", by, at)
    if category is not None and category != case.category:
        _correct(tx, case, category)
    case.lane = lane
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


async def give_and_write(tx: Tx, moved: Sequence[Held], lead: str, co_handlers: list[str]) -> None:
    """Gives these organisations their parts in cases that were moved over, and writes them all."""
    waited = [one.case for one in moved if one.read["status"] == "to_assign" and one.read["version"] > 1]
    await give_parts_of(tx, [one.case for one in moved], lead, co_handlers)
    await write_all(tx, moved)
    for case in waited:
        await end_pre_assignment(tx, case, (lead, *co_handlers))


def _correct(tx: Tx, case: CaseState, category: str) -> None:
    if tx.policy.category(category) is None:
        raise UnknownCategory(where="category", known=[c.code for c in tx.policy.categories])
    # The classifier learns from the matter as it came, not from what was made of it.
    if case.part_of in (None, case.id):
        tell(tx, case, CategoryCorrected, proposed=case.proposed_category, corrected=category)
    case.category = category


async def accept(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> CaseState:
    """The lead department takes the case on. Raises CaseNotFound, NotTheLead, CaseIsJoined, StaleVersion and what the state forbids."""
    held = await led(tx, case_id, caller, version)
    at = now()
    for one in await together(tx, held):
        await take_on(tx, one, actor(caller), at)
    return held.case


async def take_on(tx: Tx, held: Held, by: Actor, at: datetime) -> None:
    """A held case is accepted by its lead."""
    move = step(tx, held, "accept", by, at)
    tell(tx, held.case, move.event, department=held.case.lead)
    await write(tx, held)


async def object_to(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, reason: str) -> CaseState:
    """The lead department says with a reason that the matter is not its own (异议); the desk decides, the clock runs on.

    Raises as `accept` does, ObjectionTooLate after the profile's objection clock, and ObjectionAlreadyDecided when the desk has
    upheld this hand-over: its decision binds.
    """
    held = await led(tx, case_id, caller, version)
    case = held.case
    at = now()
    rules.transition(case.status, "object", number=case.number, version=case.version)
    assert case.handed_over_at is not None
    until = due(case.handed_over_at, tx.policy.clocks.objection, official_calendar()).at
    if at > until:
        raise ObjectionTooLate(number=case.number, until=until.isoformat(timespec="seconds"))
    if case.upheld_at is not None:
        raise ObjectionAlreadyDecided(number=case.number, state=case.status, current=version)
    for one in await together(tx, held):
        move = step(tx, one, "object", actor(caller), at, note=reason)
        one.case.decide_by = due(at, tx.policy.clocks.reassign, official_calendar()).at
        tell(tx, one.case, move.event, department=one.case.lead, reason=await words_told(tx, one.case, reason))
        await write(tx, one)
    return case


async def reply(
    tx: Tx,
    case_id: uuid.UUID,
    caller: Caller,
    version: int,
    *,
    result_class: str,
    text: str,
    signer: str,
    promised: str | None,
    promised_by: date | None,
) -> CaseState:
    """The lead department answers in this round with a result class, and a promise where the class counts as one.

    Raises as `accept` does, and UnknownResultClass, PromiseMissing, PromiseNotNeeded, PromiseNotLater, PartsNotAnswered for the
    first of a split matter, PlanMissing on the fast lane, CoHandlersStillToAnswer, and MeetingsMissing where the profile asks for
    meetings first.
    """
    held = await led(tx, case_id, caller, version)
    rules.transition(held.case.status, "reply", number=held.case.number, version=held.case.version)
    known = tx.policy.result_class(result_class)
    if known is None:
        raise UnknownResultClass(where="class", known=[c.code for c in tx.policy.result_classes])
    at = now()
    pledge = pledged(known, promised, promised_by, at)
    await check_plan(tx, held.case)
    await check_meetings(tx, held.case)
    await check_co_handlers(tx, held.case, at)
    others = await answers_of_parts(tx, held.case)
    for one in await together(tx, held):
        await answer(tx, one, actor(caller), at, known, text, signer, others, pledge)
    return held.case


async def answer(
    tx: Tx,
    held: Held,
    by: Actor,
    at: datetime,
    known: ResultClass,
    text: str,
    signer: str,
    others: str = "",
    pledge: Pledge | None = None,
) -> None:
    """A held case gets the reply of its round. `others` is what the parts of a split matter answered, told with it.

    What was handled together is rated, and if need be handled again, by itself; what was promised is promised to each.
    """
    case = held.case
    if case.paused_until is not None:
        await pauses.end(tx, case.id, at)
    move = step(tx, held, "reply", by, at)
    assert case.reply_due_at is not None
    assert case.lead is not None
    given = {
        "department": case.lead,
        "result_class": known.code,
        "counts_as_done": known.counts_as_done,
        "counts_as_promise": known.counts_as_promise,
        "signer": signer,
        "replied_at": at,
        "on_time": at <= case.reply_due_at,
    }
    await tx.run(_ADD_REPLY, case.id, case.round, text, *given.values())
    case.result_class = known.code
    case.handled_with = None
    tell(tx, case, move.event, text=await words_told(tx, case, text + others), **given)
    await promises.replied(tx, case, pledge, at)
    await answers.send(tx, case, at)
    await send_form(tx, case, at)
    await write(tx, held)


_ADD_REPLY = """
    INSERT INTO reply (case_id, round, text, department, result_class, counts_as_done, counts_as_promise, signer, replied_at, on_time)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    """


async def led(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> Held:
    """The case, locked, for its lead department in the version it knows, unless it is handled with another."""
    held = await by_lead(tx, case_id, caller, version)
    check_alone(held)
    return held
