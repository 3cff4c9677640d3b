"""The lead hears that its reply is due soon (亮黄灯), and is pushed for it at the deadline and after (催办)."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.routing import rules
from services.routing.actions.held import hold_all, write
from services.routing.models import CaseState
from shared.clock import now
from shared.db import Tx
from shared.events.routing_handling import ReplyDueSoon, ReplyPushed
from shared.live import live
from shared.outbox import emit

# The statuses and the comparison are those of the index `cases_to_push`.
_TO_PUSH = (
    f"status IN ({', '.join(repr(status) for status in rules.RUNNING)}) AND next_push_at < $1 "
    "ORDER BY next_push_at LIMIT $2 FOR UPDATE SKIP LOCKED"
)


async def push(tx: Tx) -> int:
    """Tells the lead of each case whose next push has come, the longest waiting first, and sets the one after it. Says how many."""
    at = now()
    found = await hold_all(tx, _TO_PUSH, at, tx.settings.overdue_batch)
    for held in found:
        case = held.case
        _tell(tx, case, at)
        await write(tx, held)
        live(tx, "case", str(case.id))
    return len(found)


def _tell(tx: Tx, case: CaseState, at: datetime) -> None:
    """One event, however many pushes an outage let pass; the next is due by the deadline, not by when this one was made."""
    assert case.lead is not None
    assert case.reply_due_at is not None
    due_at, lights = case.reply_due_at, tx.policy.lights
    owed = rules.pushes_owed(lights, due_at=due_at, now=at)
    told = {"case_id": case.id, "number": case.number, "organisation": case.lead, "round": case.round, "due_at": due_at}
    if owed:
        emit(tx, ReplyPushed(**told, push=owed), audience=case.lead)
    else:
        emit(tx, ReplyDueSoon(**told), audience=case.lead)
    case.next_push_at = due_at + timedelta(days=owed * lights.push_every)
