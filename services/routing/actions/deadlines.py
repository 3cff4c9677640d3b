"""The deadline of a reply computed anew, with all that has moved it since the hand-over (decision record 0033)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlmodel import col

from services.routing import rules
from services.routing.models import CaseState, Part, PolicyKept
from services.routing.settings import Matter, RoutingPolicy
from shared.db import Tx
from shared.events.routing_deadlines import AssignmentDueMoved
from shared.outbox import emit
from shared.workdays import Calendar, Due, Extension, Pause, official_calendar


@dataclass(frozen=True, slots=True)
class Moves:
    """What has moved a deadline since the hand-over. A pause that still stands has its last moment as its end."""

    extensions: tuple[Extension, ...] = ()
    pauses: tuple[Pause, ...] = ()


_SET_BY = """
    SELECT DISTINCT ON (case_id) case_id, profile_version FROM case_history
    WHERE case_id = ANY($1) AND action IN ('assign', 'reopen', 'hand_over_again') ORDER BY case_id, version DESC
    """
_EXTENSIONS = """
    SELECT e.case_id, e.n, e.unit, e.agreed_by, e.decided_at FROM extension e JOIN cases c ON c.id = e.case_id
    WHERE e.case_id = ANY($1) AND e.state = 'agreed' AND e.asked_at >= c.handed_over_at ORDER BY e.decided_at
    """
_PAUSES = """
    SELECT p.case_id, p.since, coalesce(p.resumed_at, p.ends_at) AS until FROM pause p JOIN cases c ON c.id = p.case_id
    WHERE p.case_id = ANY($1) AND p.since >= c.handed_over_at ORDER BY p.since
    """


async def moves_of(tx: Tx, cases: Sequence[uuid.UUID]) -> dict[uuid.UUID, Moves]:
    """What has moved the deadlines of these cases since they were handed over."""
    extensions: dict[uuid.UUID, list[Extension]] = {}
    for row in await tx.run(_EXTENSIONS, list(cases)):
        said = Extension(n=row["n"], unit=row["unit"], agreed_by=row["agreed_by"], agreed_at=row["decided_at"])
        extensions.setdefault(row["case_id"], []).append(said)
    pauses: dict[uuid.UUID, list[Pause]] = {}
    for row in await tx.run(_PAUSES, list(cases)):
        pauses.setdefault(row["case_id"], []).append(Pause(row["since"], row["until"]))
    return {one: Moves(tuple(extensions.get(one, ())), tuple(pauses.get(one, ()))) for one in cases}


async def decided_under(tx: Tx, cases: Sequence[CaseState]) -> dict[uuid.UUID, str]:
    """The version of the profile by which the deadline of each case was set."""
    under = {row["case_id"]: row["profile_version"] for row in await tx.run(_SET_BY, [case.id for case in cases])}
    return {case.id: under.get(case.id, case.profile_version) for case in cases}


async def policies_of(tx: Tx, versions: set[str]) -> dict[str, RoutingPolicy]:
    """The rules of these versions, as far as they are kept; those in force are at hand."""
    kept = await tx.scalars(select(PolicyKept).where(col(PolicyKept.profile_version).in_(versions - {tx.policy.profile_version})))
    found = {row.profile_version: RoutingPolicy.model_validate(row.said) for row in kept}
    return found | ({tx.policy.profile_version: tx.policy} if tx.policy.profile_version in versions else {})


def due_of(policy: RoutingPolicy, case: CaseState, calendar: Calendar, moves: Moves) -> Due:
    """When the reply of a case that was handed over is due, by these rules and under this calendar."""
    assert case.handed_over_at is not None
    assert case.clock_from is not None
    return rules.reply_due(
        rules.clocks_of(policy.clocks, case.lane),
        cast(Matter, case.matter),
        case.round,
        handed_over_at=case.handed_over_at,
        round_from=case.clock_from,
        calendar=calendar,
        pauses=moves.pauses,
        extensions=moves.extensions,
    )


def put(policy: RoutingPolicy, case: CaseState, found: Due, calendar: Calendar, moves: Moves) -> datetime:
    """Puts a deadline into a case, moves its lights and pushes with it, and returns the deadline before."""
    assert case.handed_over_at is not None
    assert case.reply_due_at is not None
    was = case.reply_due_at
    case.reply_due_at, case.due_is_provisional, case.due_calendar = found.at, found.provisional, found.calendar
    clock = rules.reply_clock(policy.clocks, cast(Matter, case.matter), case.round)
    yellow = rules.yellow_from(
        policy.lights, clock, started_at=case.handed_over_at, due_at=found.at, calendar=calendar, pauses=moves.pauses
    )
    case.next_push_at = rules.moved_push(case.next_push_at, due_before=was, due_at=found.at, yellow_at=yellow)
    return was


async def policy_of(tx: Tx, case: CaseState) -> RoutingPolicy:
    """The rules by which the deadline of a case was set, or those in force where they are not kept any more."""
    version = (await decided_under(tx, [case]))[case.id]
    found: RoutingPolicy = (await policies_of(tx, {version})).get(version, tx.policy)
    return found


async def move(tx: Tx, case: CaseState, moves: Moves) -> datetime:
    """Computes the deadline of a held case anew and returns the one before. The organisations are told by `tell_organisations`."""
    policy, calendar = await policy_of(tx, case), official_calendar()
    return put(policy, case, due_of(policy, case, calendar, moves), calendar, moves)


async def tell_organisations(tx: Tx, cases: Sequence[CaseState]) -> None:
    """Tells each organisation with a part in these cases when it is due now."""
    by_id: dict[uuid.UUID, CaseState] = {case.id: case for case in cases}
    if not by_id:
        return
    parts = await tx.scalars(select(Part).where(col(Part.case_id).in_(by_id), col(Part.current)).order_by(col(Part.id)))
    for part in parts:
        case = by_id[part.case_id]
        assert case.reply_due_at is not None
        moved = AssignmentDueMoved(
            assignment_id=part.id,
            case_id=case.id,
            number=case.number,
            organisation=part.organisation,
            round=case.round,
            due_at=case.reply_due_at,
            due_is_provisional=case.due_is_provisional,
        )
        emit(tx, moved, audience=part.organisation)
