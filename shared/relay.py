"""The relay: takes rows out of the outbox to the stream, in every replica, without a leader (decision record 0002)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from shared import crash, tracing
from shared.bus import Bus, BusAway, Message, Outcome
from shared.db import Database, Tx, is_outage
from shared.metrics import Metrics

log = structlog.get_logger("lianxin.relay")

NEVER_AFTER = 6
"""A row that the broker refuses this often, while it takes others, is parked: it blocks nobody and raises an alarm."""

_IDS = bindparam("ids", type_=ARRAY(UUID(as_uuid=True)))
_CLAIM = text(
    """
    UPDATE kit_outbox SET leased_until = clock_timestamp() + make_interval(secs => :lease)
    WHERE id IN (
        SELECT id FROM kit_outbox WHERE parked_reason IS NULL AND leased_until < clock_timestamp()
        ORDER BY id LIMIT :window FOR UPDATE SKIP LOCKED
    ) RETURNING id, subject, headers, body
    """
)
_DELETE = text("DELETE FROM kit_outbox WHERE id = ANY(:ids)").bindparams(_IDS)
_RELEASE = text("UPDATE kit_outbox SET leased_until = '-infinity' WHERE id = ANY(:ids)").bindparams(_IDS)
_AGAIN = text(
    """
    UPDATE kit_outbox SET tries = tries + 1, leased_until = clock_timestamp() + interval '1 second',
           parked_reason = CASE WHEN tries + 1 >= :limit THEN :reason END
    WHERE id = :id
    """
)
_PARK = text("UPDATE kit_outbox SET parked_reason = :reason WHERE id = :id")


class Relay:
    """Publishes what transactions emitted. Woken by a commit in this process; a poll is only the safety net."""

    def __init__(self, database: Database, bus: Bus, metrics: Metrics) -> None:
        self.database = database
        self.bus = bus
        self.metrics = metrics
        self._wake = asyncio.Event()
        database.after_commit.append(self._committed)

    def _committed(self, tx: Tx) -> None:
        if tx.outgoing:
            self._wake.set()

    async def run(self) -> None:
        """Runs until cancelled. An outage of broker or database only makes it wait."""
        settings = self.database.settings
        while True:
            self._wake.clear()
            try:
                moved = await self.once()
            except BusAway as error:
                log.info("relay_waits", reason=str(error))
                await asyncio.sleep(0.5)
                continue
            except Exception as error:
                if not is_outage(error):
                    log.exception("relay_failed")
                await asyncio.sleep(1)
                continue
            if moved < settings.relay_window:
                try:
                    await asyncio.wait_for(self._wake.wait(), settings.relay_poll)
                except TimeoutError:
                    continue

    async def once(self) -> int:
        """Moves one window of rows to the stream and says how many it took up. Raises BusAway."""
        if not self.bus.is_connected:
            raise BusAway("not connected")
        settings = self.database.settings
        async with self.database.transaction(durable=False) as tx:
            rows = (await tx.execute(_CLAIM, {"lease": settings.relay_lease, "window": settings.relay_window})).all()
        if not rows:
            return 0
        rows = sorted(rows, key=lambda row: row.id.int)
        crash.point("before_publish", self.database.service)
        try:
            outcome = await self.bus.publish([Message(str(r.id), r.subject, r.headers, bytes(r.body)) for r in rows])
        except BusAway:
            async with self.database.transaction(durable=False) as tx:
                await tx.execute(_RELEASE, {"ids": [r.id for r in rows]})
            raise
        crash.point("after_publish", self.database.service)
        await self._settle(rows, outcome)
        return len(rows)

    async def _settle(self, rows: Sequence[Any], outcome: Outcome) -> None:
        async with self.database.transaction(durable=False) as tx:
            if outcome.stored:
                await tx.execute(_DELETE, {"ids": [uuid.UUID(i) for i in outcome.stored]})
            for row_id, reason in outcome.never.items():
                await tx.execute(_PARK, {"id": uuid.UUID(row_id), "reason": reason})
                log.error("outbox_row_parked", event_id=row_id, reason=reason)
            for row_id, reason in outcome.again.items():
                await tx.execute(_AGAIN, {"id": uuid.UUID(row_id), "reason": reason, "limit": NEVER_AFTER})
                log.warning("outbox_row_refused", event_id=row_id, reason=reason)
        self.metrics.published.inc(len(outcome.stored))
        stored = set(outcome.stored)
        for row in rows:
            if str(row.id) in stored:
                tracing.publish_span(row.subject, row.headers)


async def outbox_state(tx: Tx) -> tuple[int, float, int]:
    """How many events wait, the age of the oldest in seconds, and how many are parked for good."""
    row = (
        await tx.execute(
            text(
                """
                SELECT count(*) FILTER (WHERE parked_reason IS NULL) AS waiting,
                       count(*) FILTER (WHERE parked_reason IS NOT NULL) AS parked,
                       extract(epoch FROM clock_timestamp() - min(created_at) FILTER (WHERE parked_reason IS NULL)) AS age FROM kit_outbox
                """
            )
        )
    ).one()
    return int(row.waiting), float(row.age or 0.0), int(row.parked)
