"""Removes what has had its time: inbox rows, stored answers, old failures, dead replicas (architecture, section 3, point 9).

Each service's own tables that grow without being a record have a sweep of their own (`docs/operating.md`, «What is kept how long»).
"""

from __future__ import annotations

from sqlalchemy import text

from shared.db import Tx
from shared.settings import ServiceSettings
from shared.sweeps import Sweep

# Arrays, not `IN`: the planner may run a subquery of `IN` once for each row, and delete far more than one batch.
_INBOX = text(
    "DELETE FROM kit_inbox WHERE ctid = ANY(ARRAY(SELECT ctid FROM kit_inbox "
    "WHERE at < now() - make_interval(secs => :age) ORDER BY at LIMIT :batch FOR UPDATE SKIP LOCKED))"
)
_ANSWERS = text(
    "DELETE FROM kit_answer WHERE key_hash = ANY(ARRAY(SELECT key_hash FROM kit_answer "
    "WHERE at < now() - make_interval(secs => :age) ORDER BY at LIMIT :batch FOR UPDATE SKIP LOCKED))"
)
_FAILURES = text("DELETE FROM kit_failure WHERE at < now() - make_interval(secs => :age)")
_REPLICAS = text("DELETE FROM kit_replica WHERE beat_at < now() - interval '1 minute'")


async def purge(tx: Tx) -> int:
    """Deletes up to `purge_batch` rows of a kind; not zero when there may be more.

    Replicas take different rows. Failures are as few as defects, replicas as few as processes: no batches.
    """
    settings: ServiceSettings = tx.settings
    batch = settings.purge_batch
    inbox = await tx.execute(_INBOX, {"age": settings.inbox_days * 86_400, "batch": batch})
    answers = await tx.execute(_ANSWERS, {"age": settings.idempotency_hours * 3600, "batch": batch})
    await tx.execute(_FAILURES, {"age": settings.failure_days * 86_400})
    await tx.execute(_REPLICAS)
    return int((inbox.rowcount == batch) + (answers.rowcount == batch))  # type: ignore[attr-defined]


def purge_sweep(settings: ServiceSettings) -> Sweep:
    """The sweep that runs `purge`: quiet, a batch at a time with a pause between, so that it never competes with the day's work."""
    return Sweep("purge", settings.purge_every, purge, pause=settings.purge_pause)
