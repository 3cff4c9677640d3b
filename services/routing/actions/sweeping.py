"""What the clock asks for: late replies are told once a round, and new cases get into the search index."""

from __future__ import annotations

from sqlalchemy import text

from services.routing import rules
from services.routing.actions.held import hold_all, write
from services.routing.actions.steps import tell
from services.routing.search import grams
from shared.clock import now
from shared.db import Tx
from shared.events.routing import CaseOverdue
from shared.live import live

_UNREAD = text(
    "SELECT case_id, title, text FROM case_search JOIN cases ON id = case_id WHERE grams IS NULL "
    "LIMIT :most FOR UPDATE OF case_search SKIP LOCKED"
)
_FIND_BY = text(
    "UPDATE case_search SET grams = CAST(g AS int[]) "
    "FROM unnest(CAST(:cases AS uuid[]), CAST(:grams AS text[])) AS found (c, g) WHERE case_id = c"
)

# The statuses and the comparison are those of the index `cases_falling_due`.
_LATE = (
    f"status IN ({', '.join(repr(status) for status in rules.RUNNING)}) AND overdue_round < round AND reply_due_at < $1 "
    "ORDER BY reply_due_at LIMIT $2 FOR UPDATE SKIP LOCKED"
)


async def mark_overdue(tx: Tx) -> int:
    """Tells of each case whose reply was due and is not there, once in a round, the longest overdue first. Says how many."""
    late = await hold_all(tx, _LATE, now(), tx.settings.overdue_batch)
    for held in late:
        case = held.case
        case.overdue_round = case.round
        await write(tx, held)
        tell(tx, case, CaseOverdue, department=case.lead, due_at=case.reply_due_at)
        live(tx, "case", str(case.id))
    return len(late)


async def make_searchable(tx: Tx) -> int:
    """Computes the bigrams of cases that have none yet. Says how many."""
    unread = await tx.execute(_UNREAD, {"most": tx.settings.search_batch})
    found = {case_id: grams(f"{title} {text}") for case_id, title, text in unread}
    if found:
        # As texts, because SQL has no arrays of arrays of different lengths, and a row at a time takes twice as long.
        listed = [f"{{{','.join(map(str, numbers))}}}" for numbers in found.values()]
        await tx.execute(_FIND_BY, {"cases": list(found), "grams": listed})
    return len(found)
