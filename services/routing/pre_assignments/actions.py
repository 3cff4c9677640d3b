"""The verbs of pre-assignment (预交办): the desk asks units, each confirms or objects, the desk hands over as it was confirmed."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlmodel import col

from services.routing.actions.handling import hand_over
from services.routing.actions.held import Held, hold, hold_all, write
from services.routing.actions.organisations import check_active
from services.routing.actions.pre_assigned import end_pre_assignment
from services.routing.actions.steps import actor, tell
from services.routing.actions.together import check_alone, mark
from services.routing.errors import CaseNotFound
from services.routing.models import CaseState
from services.routing.pre_assignments import queries, rules
from services.routing.pre_assignments.errors import PlaceDoesNotPreAssign, PreAssignmentNotFound, PreAssignmentNotOpen
from services.routing.pre_assignments.models import PreAssignment
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.routing_assigning import PreAssignmentAnswered, PreAssignmentLate, PreAssignmentMade
from shared.http import check_version
from shared.identity import Caller
from shared.masking import mask
from shared.outbox import emit
from shared.workdays import due, official_calendar


async def pre_assign(
    tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, lead: str, co_handlers: list[str], requirements: str
) -> CaseState:
    """Asks a lead and co-handlers whether they would handle a case, in the place of those asked before. The case stays to be handed over.

    Raises CaseNotFound, CaseIsJoined, StaleVersion, PlaceDoesNotPreAssign, CaseAlreadyHandedOver, UnknownOrganisation, LeadIsCoHandler.
    """
    held = await _of_desk(tx, case_id, caller, version)
    case = held.case
    clock = tx.policy.clocks.pre_assignment
    if clock is None:
        raise PlaceDoesNotPreAssign(number=case.number)
    rules.check_before_hand_over(case)
    co_handlers = list(dict.fromkeys(co_handlers))
    await check_active(tx, lead, co_handlers)
    await end_pre_assignment(tx, case)
    at = now()
    until = due(at, clock, official_calendar())
    mark(tx, held, "pre_assign", actor(caller), at, note=requirements)
    for organisation in (lead, *co_handlers):
        asked = PreAssignment(
            id=new_id(),
            case_id=case.id,
            organisation=organisation,
            part="lead" if organisation == lead else "co_handler",
            requirements=requirements,
            state="asked",
            asked_at=at,
            due_at=until.at,
            due_is_provisional=until.provisional,
        )
        tx.add(asked)
        _tell_unit(tx, case, asked)
    await tx.flush()
    await write(tx, held)
    return case


def _tell_unit(tx: Tx, case: CaseState, asked: PreAssignment) -> None:
    made = PreAssignmentMade(
        pre_assignment_id=asked.id,
        case_id=case.id,
        number=case.number,
        organisation=asked.organisation,
        part="lead" if asked.part == "lead" else "co_handler",
        category=case.category,
        title=case.title,
        text=case.text,
        requirements=mask(asked.requirements),
        due_at=asked.due_at,
        due_is_provisional=asked.due_is_provisional,
    )
    emit(tx, made, audience=asked.organisation)


async def answer(tx: Tx, pre_assignment_id: uuid.UUID, caller: Caller, version: int, *, reason: str | None) -> PreAssignment:
    """The unit confirms what it was asked, or objects with a reason: then it is the desk's again.

    Raises PreAssignmentNotFound, StaleVersion (of the case), PreAssignmentNotOpen.
    """
    mine = col(PreAssignment.id) == pre_assignment_id, col(PreAssignment.organisation) == caller.organisation
    case_id = await tx.scalar(select(col(PreAssignment.case_id)).where(*mine))
    held = await hold(tx, case_id) if case_id else None
    if held is None:
        raise PreAssignmentNotFound
    case = held.case
    check_version(case.version, version)
    asked = await tx.scalar(select(PreAssignment).where(*mine).with_for_update())
    assert asked is not None
    if asked.state != "asked":
        raise PreAssignmentNotOpen(number=case.number, answer=asked.state)
    at, confirmed = now(), reason is None
    asked.state, asked.reason, asked.answered_at = "confirmed" if confirmed else "objected", reason, at
    mark(tx, held, "pre_confirm" if confirmed else "pre_object", actor(caller), at, note=reason)
    told = {"pre_assignment_id": asked.id, "department": asked.organisation, "confirmed": confirmed}
    tell(tx, case, PreAssignmentAnswered, reason=mask(reason) if reason else None, **told)
    await tx.flush()
    await write(tx, held)
    return asked


async def hand_over_as_confirmed(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> CaseState:
    """Hands a case over (交办) to the units that confirmed: the legal clock starts now.

    Raises CaseNotFound, CaseIsJoined, StaleVersion, CaseAlreadyHandedOver, PreAssignmentNotConfirmed, UnknownOrganisation.
    """
    held = await _of_desk(tx, case_id, caller, version)
    rules.check_before_hand_over(held.case)
    lead, co_handlers = rules.confirmed_handlers(held.case, await queries.open_of_case(tx, case_id))
    await check_active(tx, lead, co_handlers)
    await hand_over(tx, held, actor(caller), lead, co_handlers)
    return held.case


async def tell_late(tx: Tx) -> int:
    """Tells of each pre-assignment that nobody answered in time, once, the longest overdue first. Says how many."""
    late = await tx.run(_LATE, now(), tx.settings.overdue_batch)
    cases = {held.case.id: held.case for held in await hold_all(tx, "id = ANY($1)", [row["case_id"] for row in late])}
    for row in late:
        facts = {"pre_assignment_id": row["id"], "department": row["organisation"], "due_at": row["due_at"]}
        tell(tx, cases[row["case_id"]], PreAssignmentLate, **facts)
    return len(late)


_LATE = """
    UPDATE pre_assignment SET late_told_at = $1 FROM (
        SELECT id FROM pre_assignment WHERE state = 'asked' AND late_told_at IS NULL AND due_at < $1
        ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ) AS late WHERE pre_assignment.id = late.id RETURNING pre_assignment.id, case_id, organisation, due_at
    """


async def _of_desk(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> Held:
    held = await hold(tx, case_id)
    if held is None or not caller.sees_region(held.case.region):
        raise CaseNotFound
    check_alone(held)
    check_version(held.case.version, version)
    return held
