"""Removes what has had its time: inbox rows, stored answers, dead replicas (architecture, section 3, point 9)."""

from __future__ import annotations

from sqlalchemy import text

from shared.db import Tx
from shared.sweeps import Sweep

_BATCH = 5000
_INBOX = text(
    "DELETE FROM kit_inbox WHERE (event_id, consumer) IN (SELECT event_id, consumer FROM kit_inbox "
    "WHERE at < now() - make_interval(secs => :age) LIMIT :batch)"
)
_ANSWERS = text(
    "DELETE FROM kit_answer WHERE key_hash IN (SELECT key_hash FROM kit_answer WHERE at < now() - make_interval(secs => :age) LIMIT :batch)"
)
_REPLICAS = text("DELETE FROM kit_replica WHERE beat_at < now() - interval '1 minute'")
_FAILURES = text("DELETE FROM kit_failure WHERE at < now() - interval '30 days'")


async def purge(tx: Tx) -> int:
    """Deletes up to 5,000 rows of a kind; the number tells the sweep whether there may be more."""
    settings = tx.settings
    inbox = await tx.execute(_INBOX, {"age": settings.inbox_days * 86_400, "batch": _BATCH})
    answers = await tx.execute(_ANSWERS, {"age": settings.idempotency_hours * 3600, "batch": _BATCH})
    await tx.execute(_REPLICAS)
    await tx.execute(_FAILURES)
    return int((inbox.rowcount == _BATCH) + (answers.rowcount == _BATCH))  # type: ignore[attr-defined]


PURGE = Sweep("purge", 60.0, purge)
