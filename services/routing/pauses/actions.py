"""The verbs of pauses (暂停计时): the desk stops a clock on a ground of the rules and lets it go on; at the longest it does so by itself.

While it stands the deadline is the one that holds if it stands to its longest end: nothing is late meanwhile, nobody is pushed,
but for the longest time of the law, which knows no pause.
A reply may come during a pause: it is what all wait for.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from services.routing import rules as cases
from services.routing.actions import deadlines
from services.routing.actions.held import Held, hold_all, write
from services.routing.actions.reaching import by_desk
from services.routing.actions.steps import Actor, actor, step, tell
from services.routing.actions.together import check_alone, mark, together
from services.routing.models import CaseState
from services.routing.pauses import queries
from services.routing.pauses.errors import (
    CaseAlreadyPaused,
    CaseNotPaused,
    PausesNotGiven,
    PausesUsedUp,
    PauseTooLate,
    UnknownPauseGround,
)
from services.routing.pauses.models import PauseRow
from services.routing.settings import Pauses
from shared.clock import now
from shared.db import Tx
from shared.events.base import new_id
from shared.events.routing_extending import CasePaused, CaseResumed
from shared.identity import Caller
from shared.masking import mask
from shared.workdays import due, official_calendar

CLOCK = Actor("clock")


async def pause(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, ground: str, note: str | None) -> CaseState:
    """Stops the clock of a case, and of those that are handled with it.

    Raises CaseNotFound, CaseIsJoined, StaleVersion, what the state forbids, PausesNotGiven, UnknownPauseGround, CaseAlreadyPaused,
    PauseTooLate and PausesUsedUp.
    """
    held = await by_desk(tx, case_id, caller, version)
    check_alone(held)
    case, at = held.case, now()
    cases.transition(case.status, "pause", number=case.number, version=case.version)
    given: Pauses | None = tx.policy.pauses
    if given is None:
        raise PausesNotGiven(number=case.number, current=version)
    if ground not in {one.code for one in given.grounds}:
        raise UnknownPauseGround(where="ground", known=[one.code for one in given.grounds])
    if case.paused_until is not None:
        raise CaseAlreadyPaused(number=case.number, current=version)
    assert case.reply_due_at is not None
    assert case.handed_over_at is not None
    if at > case.reply_due_at:
        raise PauseTooLate(number=case.number, current=version)
    if await queries.count_since(tx, case.id, case.handed_over_at) >= given.times:
        raise PausesUsedUp(number=case.number, times=given.times, current=version)
    until = due(at, given.longest, official_calendar()).at
    group = await together(tx, held)
    for one in group:
        step(tx, one, "pause", actor(caller), at, note=ground)
        row = PauseRow(
            id=new_id(),
            case_id=one.case.id,
            round=one.case.round,
            ground=ground,
            note=note and mask(note),
            since=at,
            ends_at=until,
            by_account=caller.account_id,
        )
        tx.add(row)
    await tx.flush()
    for one in group:
        was = await _moved(tx, one)
        one.case.paused_until = until
        moved = {"ground": ground, "until": until, "due_before": was, "due_at": one.case.reply_due_at}
        tell(tx, one.case, CasePaused, department=one.case.lead, **moved)
        await write(tx, one)
    await deadlines.tell_organisations(tx, [one.case for one in group])
    return case


async def resume(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> CaseState:
    """Lets the clock go on, and those of the cases handled with it. Raises as `pause` does, and CaseNotPaused."""
    held = await by_desk(tx, case_id, caller, version)
    check_alone(held)
    case, at = held.case, now()
    cases.transition(case.status, "resume", number=case.number, version=case.version)
    if case.paused_until is None:
        raise CaseNotPaused(number=case.number, current=version)
    group = await together(tx, held)
    for one in group:
        step(tx, one, "resume", actor(caller), at)
        await end(tx, one.case.id, at)
        await _moved(tx, one)
        await _go_on(tx, one, "desk")
    await deadlines.tell_organisations(tx, [one.case for one in group])
    return case


# The condition is that of the index `cases_paused`.
_OVER = "paused_until IS NOT NULL AND paused_until < $1 ORDER BY paused_until LIMIT $2 FOR UPDATE SKIP LOCKED"


async def resume_over(tx: Tx) -> int:
    """Lets the clocks go on whose pause has had its longest time, the longest over first; their deadlines are set. Says how many."""
    over = await hold_all(tx, _OVER, now(), tx.settings.overdue_batch)
    for held in over:
        until = held.case.paused_until
        mark(tx, held, "resume", CLOCK, now())
        assert until is not None
        await end(tx, held.case.id, until)
        await _go_on(tx, held, "longest")
    return len(over)


_END = "UPDATE pause SET resumed_at = least(ends_at, $2) WHERE case_id = $1 AND resumed_at IS NULL"


async def end(tx: Tx, case_id: uuid.UUID, at: datetime) -> None:
    """Ends the pause that stands, if one does: now, or at its longest end where no sweep has come by since."""
    await tx.run(_END, case_id, at)


async def _moved(tx: Tx, held: Held) -> datetime:
    moves = (await deadlines.moves_of(tx, [held.case.id]))[held.case.id]
    return await deadlines.move(tx, held.case, moves)


async def _go_on(tx: Tx, held: Held, because: Literal["desk", "longest"]) -> None:
    held.case.paused_until = None
    tell(tx, held.case, CaseResumed, department=held.case.lead, because=because, due_at=held.case.reply_due_at)
    await write(tx, held)
