"""What a new calendar does to deadlines that are still open: computed anew, one line of history each (decision record 0028)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import structlog
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.routing import rules
from services.routing.actions.held import Held, hold_all, write
from services.routing.actions.steps import tell
from services.routing.models import CalendarInForce, CaseState, Part, PolicyKept
from services.routing.settings import Matter, RoutingPolicy
from shared.audit import about
from shared.clock import now
from shared.db import Tx
from shared.events.routing_deadlines import AssignmentDueMoved, DeadlineRecomputed
from shared.live import live
from shared.outbox import emit
from shared.workdays import CHINA, Calendar, official_calendar

log = structlog.get_logger("lianxin.routing.calendars")

ROLE = "calendar"
"""Who the history names for a deadline that was computed anew."""

_ONE_ADOPTS = text("SELECT pg_advisory_xact_lock(hashtext('routing.calendar'))")


async def recompute(tx: Tx) -> int:
    """Puts this installation's calendar in force when it is new, then computes up to a batch of open deadlines anew under it.

    Says how many things it did. A process whose calendar was in force once and is not any more leaves all deadlines alone:
    while replicas are being renewed the old ones would set back what the new ones computed.
    """
    calendar = official_calendar()
    await keep_policy(tx)
    if await in_force(tx) != calendar.version:
        await tx.execute(_ONE_ADOPTS)
        was = (await tx.execute(select(col(CalendarInForce.seq)).where(col(CalendarInForce.version) == calendar.version))).first()
        if was is None:
            await adopt(tx, calendar)
            return 1
        if await in_force(tx) != calendar.version:
            return 0
    return await _recompute_batch(tx, calendar)


async def adopt(tx: Tx, calendar: Calendar) -> None:
    """Puts a calendar in force, be it one that was in force before."""
    tx.add(CalendarInForce(version=calendar.version, years=sorted(calendar.years), since=now()))
    about(tx, calendar.version)


async def in_force(tx: Tx) -> str | None:
    """The version of the calendar that was put in force last."""
    newest = select(col(CalendarInForce.version)).order_by(col(CalendarInForce.seq).desc()).limit(1)
    return (await tx.execute(newest)).scalar_one_or_none()


async def keep_policy(tx: Tx) -> None:
    """Keeps the place's rules under their version: what a case was decided by is known as long as the case is."""
    policy: RoutingPolicy = tx.policy
    said = policy.model_dump(mode="json")
    kept = await tx.get(PolicyKept, policy.profile_version)
    if kept is None:
        row = {"profile_version": policy.profile_version, "said": said, "since": now()}
        await tx.execute(insert(PolicyKept).values(row).on_conflict_do_nothing())
    elif RoutingPolicy.model_validate(kept.said) != policy:
        log.warning("profile_changed_under_its_version", profile_version=policy.profile_version)


@dataclass(frozen=True, slots=True)
class _Found:
    held: Held
    decided_under: str


async def _recompute_batch(tx: Tx, calendar: Calendar) -> int:
    found = await _of_other_calendars(tx, calendar.version)
    kept = await tx.scalars(select(PolicyKept).where(col(PolicyKept.profile_version).in_({one.decided_under for one in found})))
    policies = {row.profile_version: RoutingPolicy.model_validate(row.said) for row in kept}
    moved = [one.held.case for one in found if _recomputed(tx, one, policies.get(one.decided_under), calendar)]
    for one in found:
        await write(tx, one.held)
    await _tell_organisations(tx, moved)
    return len(found)


async def _of_other_calendars(tx: Tx, version: str) -> list[_Found]:
    """Open deadlines that rest on another calendar, and under which profile each was set. Two ranges, because an index knows no `<>`."""
    listed = await hold_all(tx, _OTHERS, version, tx.settings.calendar_batch)
    under = {row["case_id"]: row["profile_version"] for row in await tx.run(_SET_BY, [held.case.id for held in listed])}
    return [_Found(held, under.get(held.case.id, held.case.profile_version)) for held in listed]


# The statuses are those of the index `cases_by_calendar`.
_OTHERS = (
    f"status IN ({', '.join(repr(status) for status in rules.RUNNING)}) AND (due_calendar < $1 OR due_calendar > $1) "
    "ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED"
)
_SET_BY = """
    SELECT DISTINCT ON (case_id) case_id, profile_version FROM case_history
    WHERE case_id = ANY($1) AND action IN ('assign', 'reopen', 'hand_over_again') ORDER BY case_id, version DESC
    """


def _recomputed(tx: Tx, found: _Found, policy: RoutingPolicy | None, calendar: Calendar) -> bool:
    """Computes one deadline anew by the clocks that it was set by, and says whether it moved or became certain.

    Where those clocks are not kept any more the deadline stays and so does what it is said to rest on in the history.
    """
    case = found.held.case
    before, case.due_calendar = case.due_calendar, calendar.version
    if policy is None or case.handed_over_at is None or case.clock_from is None or case.reply_due_at is None:
        log.warning("deadline_left_alone", case_id=str(case.id), profile_version=found.decided_under)
        return False
    matter, first = cast(Matter, case.matter), case.clock_from
    clocks = rules.clocks_of(policy.clocks, case.lane)
    due = rules.reply_due(clocks, matter, case.round, handed_over_at=case.handed_over_at, round_from=first, calendar=calendar)
    was = case.reply_due_at
    if (due.at, due.provisional) == (was, case.due_is_provisional):
        return False
    case.reply_due_at, case.due_is_provisional = due.at, due.provisional
    clock = rules.reply_clock(policy.clocks, matter, case.round)
    yellow = rules.yellow_from(policy.lights, clock, started_at=case.handed_over_at, due_at=due.at, calendar=calendar)
    case.next_push_at = rules.moved_push(case.next_push_at, due_before=was, due_at=due.at, yellow_at=yellow)
    case.version += 1
    days = " → ".join(moment.astimezone(CHINA).date().isoformat() for moment in (was, due.at))
    found.held.steps.append(
        {
            "case_id": case.id,
            "version": case.version,
            "action": "recompute",
            "from_status": case.status,
            "to_status": case.status,
            "round": case.round,
            "by_role": ROLE,
            "by_organisation": None,
            "by_account": None,
            "note": f"{days}; {before} → {calendar.version}",
            "at": now(),
            "profile_version": found.decided_under,
        }
    )
    moved = {"due_before": was, "due_at": due.at, "due_is_provisional": due.provisional, "calendar": calendar.version}
    tell(tx, case, DeadlineRecomputed, department=case.lead, **moved)
    live(tx, "case", str(case.id))
    return True


async def _tell_organisations(tx: Tx, cases: Sequence[CaseState]) -> None:
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
