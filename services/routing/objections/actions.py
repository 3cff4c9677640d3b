"""What comes of an objection (异议) besides another hand-over: it is not followed, or nobody decides in time."""

from __future__ import annotations

import uuid
from datetime import datetime

from services.routing.actions.held import Held, hold_all, write
from services.routing.actions.reaching import by_desk
from services.routing.actions.steps import Actor, actor, step, tell
from services.routing.actions.together import check_alone, together
from services.routing.models import CaseState
from services.routing.suggestions.queries import words_told
from shared.clock import now
from shared.db import Tx
from shared.events.routing_handling import HandOverUpheld, ObjectionUndecided
from shared.identity import Caller
from shared.live import live
from shared.outbox import emit


async def uphold(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, reason: str) -> CaseState:
    """The desk upholds the hand-over (维持交办): the same department goes on, and its clock has run on (青岛 19).

    Raises CaseNotFound, StaleVersion, CaseIsJoined and what the state forbids.
    """
    held = await by_desk(tx, case_id, caller, version)
    check_alone(held)
    at = now()
    for one in await together(tx, held):
        await _uphold(tx, one, actor(caller), at, reason)
    return held.case


async def _uphold(tx: Tx, held: Held, by: Actor, at: datetime, reason: str) -> None:
    case = held.case
    move = step(tx, held, "uphold", by, at, note=reason)
    case.upheld_at = at
    tell(tx, case, move.event, department=case.lead, reason=await words_told(tx, case, reason))
    assert case.lead is not None
    assert case.reply_due_at is not None
    upheld = HandOverUpheld(
        case_id=case.id,
        number=case.number,
        organisation=case.lead,
        round=case.round,
        reason=await words_told(tx, case, reason),
        reply_due_at=case.reply_due_at,
    )
    emit(tx, upheld, audience=case.lead)
    await write(tx, held)


# The condition is that of the index `cases_undecided`.
_UNDECIDED = "status = 'objected' AND NOT decision_overdue AND decide_by < $1 ORDER BY decide_by LIMIT $2 FOR UPDATE SKIP LOCKED"


async def mark_undecided(tx: Tx) -> int:
    """Tells of each objection that was to be decided and is not, once, the longest overdue first. Says how many."""
    late = await hold_all(tx, _UNDECIDED, now(), tx.settings.overdue_batch)
    for held in late:
        case = held.case
        case.decision_overdue = True
        await write(tx, held)
        tell(tx, case, ObjectionUndecided, department=case.lead, decide_by=case.decide_by)
        live(tx, "case", str(case.id))
    return len(late)
