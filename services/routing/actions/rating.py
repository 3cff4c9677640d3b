"""What a rating does to a case: it closes it, opens the next round, or has no effect and says why."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from services.routing import rules
from services.routing.actions.held import Held, hold, write
from services.routing.actions.steps import RESIDENT, Actor, give_parts, set_clock, step, tell
from services.routing.actions.together import parts_of
from services.routing.models import Rating, SupervisionMark
from shared.consumers import Early
from shared.db import Tx
from shared.events import derived_id
from shared.events.intake import OpinionRated, RatingLevel
from shared.events.routing import RatingNotCounted


async def rate(tx: Tx, event: OpinionRated) -> None:
    """Counts a rating of the current round's reply. Not satisfied opens the next round in the same transaction.

    A rating that does not count is told with its reason. Raises Early for a case that is not there yet.
    """
    case_id = derived_id(event.opinion_id, "case")
    held = await hold(tx, case_id)
    if held is None:
        raise Early("case", event.opinion_id)
    case = held.case
    reason = rules.not_counted(case.status, case.round, event.round)
    if reason is not None:
        tell(tx, case, RatingNotCounted, rated_round=event.round, reason=reason)
        return
    await count(tx, held, RESIDENT, event.occurred_at, event.level, event.comment)


async def count(tx: Tx, held: Held, by: Actor, at: datetime, level: RatingLevel, comment: str | None) -> None:
    """A rating that counts: it closes the case, or opens the next round and makes it a case of supervision.

    The parts of a split matter were answered with it and are rated with it; one that was handed over since is not.
    """
    for one in (held, *(part for part in await parts_of(tx, held) if part.case.status == "replied")):
        await _count(tx, one, by, at, level, comment)


async def _count(tx: Tx, held: Held, by: Actor, at: datetime, level: RatingLevel, comment: str | None) -> None:
    case = held.case
    tx.add(Rating(case_id=case.id, round=case.round, level=level, comment=comment, rated_at=at))
    if level == "dissatisfied":
        await next_round(tx, held, "reopen", by, at)
    else:
        move = step(tx, held, "rate", by, at)
        await write(tx, held)
        tell(tx, case, move.event, department=case.lead, level=level)


Reason = Literal["not_satisfied", "second_appraisal"]
_REASONS: dict[rules.Action, Reason] = {"reopen": "not_satisfied", "hand_over_again": "second_appraisal"}


async def next_round(tx: Tx, held: Held, action: rules.Action, by: Actor, at: datetime) -> None:
    """Opens the next round for the same departments, with a clock of its own and a supervision mark; the old reply stays."""
    case = held.case
    case.round += 1
    case.clock_from = None
    move = step(tx, held, action, by, at)
    set_clock(tx, case, at)
    tx.add(SupervisionMark(case_id=case.id, round=case.round, reason=_REASONS[action], at=at))
    tell(tx, case, move.event, department=case.lead, reply_due_at=case.reply_due_at, because=_REASONS[action])
    assert case.lead is not None
    await give_parts(tx, case, case.lead, case.co_handlers)
    await write(tx, held)
