"""What every step of a case has in common: the table's transition, one version more, a line of history, its event."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from services.routing import rules
from services.routing.actions.held import Held
from services.routing.models import CaseState
from services.routing.settings import Matter
from shared.db import Tx
from shared.events import derived_id
from shared.events.base import Event
from shared.events.routing import AssignmentMade, AssignmentWithdrawn
from shared.identity import Caller
from shared.live import live
from shared.outbox import emit
from shared.workdays import official_calendar

AssignedPart = Literal["lead", "co_handler"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does a step: a role and an organisation; the account is for audits."""

    role: str
    organisation: str | None = None
    account: uuid.UUID | None = None


RULE = Actor("rule")
RESIDENT = Actor("resident")


def actor(caller: Caller) -> Actor:
    """The caller as the history names it."""
    return Actor(caller.role, caller.organisation, caller.account_id)


def step(tx: Tx, held: Held, action: rules.Action, by: Actor, at: datetime, *, note: str | None = None) -> rules.Transition:
    """Moves a held case along the table and adds a line to its history. Raises the refusal that forbids it."""
    case = held.case
    move = rules.transition(case.status, action, number=case.number, version=case.version)
    case.version += 1
    held.steps.append(
        {
            "case_id": case.id,
            "version": case.version,
            "action": action,
            "from_status": case.status,
            "to_status": move.next,
            "round": case.round,
            "by_role": by.role,
            "by_organisation": by.organisation,
            "by_account": by.account,
            "note": note,
            "at": at,
            "profile_version": tx.policy.profile_version,
        }
    )
    if case.status == "objected":
        case.decide_by, case.decision_overdue = None, False
    case.status = move.next
    if move.clock == "stop":
        case.paused_until = None
    live(tx, "case", str(case.id))
    return move


def tell(tx: Tx, case: CaseState, kind: type[Event], **facts: Any) -> None:
    """Emits an event about a case as it is after the step."""
    about = {"case_id": case.id, "opinion_id": case.opinion_id, "number": case.number, "case_version": case.version, "round": case.round}
    emit(tx, kind(**about, matter=case.matter, part_of=None if case.part_of == case.id else case.part_of, **facts))


def set_clock(tx: Tx, case: CaseState, at: datetime) -> None:
    """Starts the reply clock of the case's round with a hand-over `at`; the round's first hand-over bounds it."""
    if case.clock_from is None:
        case.clock_from = at
    clocks = rules.clocks_of(tx.policy.clocks, case.lane)
    case.upheld_at = None
    found = rules.reply_due(
        clocks, cast(Matter, case.matter), case.round, handed_over_at=at, round_from=case.clock_from, calendar=official_calendar()
    )
    case.handed_over_at, case.reply_due_at = at, found.at
    case.due_is_provisional, case.due_calendar = found.provisional, found.calendar
    clock = rules.reply_clock(tx.policy.clocks, cast(Matter, case.matter), case.round)
    case.next_push_at = rules.yellow_from(tx.policy.lights, clock, started_at=at, due_at=found.at, calendar=official_calendar())


async def give_parts(tx: Tx, case: CaseState, lead: str, co_handlers: Sequence[str]) -> None:
    """Hands the case to these organisations instead of those who had it: one assignment and one addressed event each.

    Whoever loses its part without getting another is told so.
    """
    await give_parts_of(tx, [case], lead, co_handlers)


async def give_parts_of(tx: Tx, cases: Sequence[CaseState], lead: str, co_handlers: Sequence[str]) -> None:
    """Hands many cases to the same organisations, as `give_parts` does one."""
    handlers = (lead, *co_handlers)
    parts: list[AssignedPart] = ["lead" if organisation == lead else "co_handler" for organisation in handlers]
    given = [(case, organisation, part) for case in cases for organisation, part in zip(handlers, parts, strict=True)]
    had = await tx.run(
        _GIVE_PARTS,
        [case.id for case in cases],
        [case.id for case, _, _ in given],
        [part_id(case.id, case.version, organisation) for case, organisation, _ in given],
        [organisation for _, organisation, _ in given],
        [part for _, _, part in given],
        [case.round for case, _, _ in given],
        [case.opened_at for case, _, _ in given],
    )
    lost: dict[uuid.UUID, set[str]] = {}
    for row in had:
        lost.setdefault(row["case_id"], set()).add(row["organisation"])
    for case in cases:
        for organisation in sorted(lost.get(case.id, set()) - set(handlers)):
            withdrawn = AssignmentWithdrawn(case_id=case.id, number=case.number, organisation=organisation, round=case.round)
            emit(tx, withdrawn, audience=organisation)
        case.lead, case.co_handlers = lead, list(co_handlers)
    await _owe_opinions(tx, [(case, organisation) for case, organisation, part in given if part == "co_handler"])
    for case, organisation, part in given:
        assert case.reply_due_at is not None
        made = AssignmentMade(
            assignment_id=part_id(case.id, case.version, organisation),
            case_id=case.id,
            number=case.number,
            organisation=organisation,
            part=part,
            round=case.round,
            category=case.category,
            title=case.title,
            text=case.text,
            due_at=case.reply_due_at,
        )
        emit(tx, made, audience=organisation)


_GIVE_PARTS = """
    WITH had AS (
        UPDATE part SET current = false WHERE case_id = ANY($1) AND current RETURNING case_id, organisation
    ), given AS (
        INSERT INTO part (case_id, id, organisation, part, round, current, opened_at)
        SELECT c, i, o, p, n, true, a
        FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::timestamptz[]) AS r (c, i, o, p, n, a)
    )
    SELECT case_id, organisation FROM had
    """
_OWE = """
    INSERT INTO co_opinion (assignment_id, case_id, organisation, round, due_at, turn)
    SELECT i, c, o, r, d, 1 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::timestamptz[]) AS owed (i, c, o, r, d)
    """


async def _owe_opinions(tx: Tx, given: Sequence[tuple[CaseState, str]]) -> None:
    """Co-handlers owe the lead an opinion (协办意见); of cases that are handled together with another, on that one."""
    owed = [(case, organisation) for case, organisation in given if case.handled_with in (None, case.id)]
    if not owed:
        return
    dues = []
    for case, _ in owed:
        assert case.handed_over_at is not None
        assert case.reply_due_at is not None
        found = rules.co_handler_due(
            tx.policy.clocks,
            cast(Matter, case.matter),
            handed_over_at=case.handed_over_at,
            reply_due_at=case.reply_due_at,
            calendar=official_calendar(),
        )
        dues.append(found.at)
    await tx.run(
        _OWE,
        [part_id(case.id, case.version, organisation) for case, organisation in owed],
        [case.id for case, _ in owed],
        [organisation for _, organisation in owed],
        [case.round for case, _ in owed],
        dues,
    )


_TAKE_PARTS = "UPDATE part SET current = false WHERE case_id = $1 AND current RETURNING organisation"


async def take_parts(tx: Tx, case: CaseState) -> None:
    """Takes the case from all who have it and tells them."""
    for organisation in sorted({row["organisation"] for row in await tx.run(_TAKE_PARTS, case.id)}):
        gone = AssignmentWithdrawn(case_id=case.id, number=case.number, organisation=organisation, round=case.round)
        emit(tx, gone, audience=organisation)


def part_id(case_id: uuid.UUID, version: int, organisation: str) -> uuid.UUID:
    """The id of the assignment that made the case's `version`."""
    return derived_id(case_id, f"part-{version}-{organisation}")
