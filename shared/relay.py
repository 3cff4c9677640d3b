"""The relay: takes rows out of the outbox to the stream, in every replica, without a leader (decision record 0002)."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Sequence

import structlog
from asyncpg import Connection, Record
from sqlalchemy import text

from shared import crash, tracing
from shared.bus import Bus, BusAway, Message, Outcome, StreamFull
from shared.db import Database, Tx, is_outage
from shared.metrics import Metrics

log = structlog.get_logger("lianxin.relay")

NEVER_AFTER = 6
"""A row that the broker refuses this often, while it takes others, is parked: it blocks nobody and raises an alarm."""

# An array, not `IN`: the planner may run a subquery of `IN` once for each row, and take all there is instead of one window.
# What is taken out is not leased anew, though its lease may have ended: of two changes to one row in a statement only one happens.
# A backup holds publishing for a moment: what commits after the hold stays in the outbox until it ends (record 0017).
_CLAIM = """
    WITH published AS (DELETE FROM kit_outbox WHERE id = ANY($3) AND set_config('synchronous_commit', 'off', true) = 'off')
    UPDATE kit_outbox SET leased_until = clock_timestamp() + make_interval(secs => $1)
    WHERE id = ANY(ARRAY(
        SELECT id FROM kit_outbox WHERE parked_reason IS NULL AND leased_until < clock_timestamp() AND id <> ALL($3)
        AND NOT EXISTS (SELECT FROM kit_hold WHERE until > clock_timestamp())
        ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
    )) AND set_config('synchronous_commit', 'off', true) = 'off' RETURNING id, subject, headers, body
    """
"""Takes out what was published and leases the next window. It does not wait for the disk: a crash that undoes it makes the rows go
out once more, and no further. Said within the statement, which spares a round trip; in both places, since either may find no row.
"""
_RELEASE = "UPDATE kit_outbox SET leased_until = '-infinity' WHERE id = ANY($1)"
_AGAIN = """
    UPDATE kit_outbox SET tries = tries + 1, leased_until = clock_timestamp() + interval '1 second',
           parked_reason = CASE WHEN tries + 1 >= $3 THEN $2 END
    WHERE id = $1
    """
_PARK = "UPDATE kit_outbox SET parked_reason = $2 WHERE id = $1"


class Relay:
    """Publishes what transactions emitted. Woken by a commit in this process; a poll is only the safety net."""

    def __init__(self, database: Database, bus: Bus, metrics: Metrics) -> None:
        self.database = database
        self.bus = bus
        self.metrics = metrics
        self.refused = ""
        """`stream_full` or `not_confirmed` when the broker, connected, did not take the last window; empty when all is well."""
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
                await self.once()
            except BusAway as error:
                # A broker whose disk is full refuses nothing: it does not answer at all until it is restarted.
                connected = "not_confirmed" if self.bus.is_connected else ""
                self.refused = "stream_full" if isinstance(error, StreamFull) else connected
                log.info("relay_waits", reason=str(error))
                await asyncio.sleep(0.5)
                continue
            except Exception as error:
                if not is_outage(error):
                    log.exception("relay_failed")
                await asyncio.sleep(1)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), settings.relay_poll)

    async def once(self) -> int:
        """Moves what waits to the stream, window by window, and says how many rows it took up. Raises BusAway."""
        if not self.bus.is_connected:
            raise BusAway("not connected")
        async with self.database.alone() as connection:
            rows = await self._claim(connection)
        if not rows:
            self.refused = ""
        moved = 0
        while rows:
            moved += len(rows)
            rows = await self._move(rows)
        return moved

    async def _claim(self, connection: Connection, published: Sequence[uuid.UUID] = ()) -> list[Record]:
        """The next window, leased to this process, in the order of the ids; what was `published` is taken out with it."""
        settings = self.database.settings
        found = await connection.fetch(_CLAIM, settings.relay_lease, settings.relay_window, published)
        return sorted(found, key=lambda row: row["id"].int)

    async def _move(self, rows: Sequence[Record]) -> list[Record]:
        """Publishes a window; the next one, when more was waiting or has been decided meanwhile."""
        crash.point("before_publish", self.database.service)
        messages = [Message(str(r["id"]), r["subject"], r["headers"], r["body"]) for r in rows]
        try:
            outcome = await self.bus.publish(messages)
        except BusAway:
            async with self.database.alone() as connection:
                await connection.execute(_RELEASE, [r["id"] for r in rows])
            raise
        crash.point("after_publish", self.database.service)
        async with self.database.alone() as connection:
            await self._refused(connection, outcome)
            self._wake.clear()
            more = await self._claim(connection, [uuid.UUID(i) for i in outcome.stored])
            if outcome.away:
                unsaid = {r["id"] for r in (*rows, *more)} - {uuid.UUID(i) for i in (*outcome.stored, *outcome.never, *outcome.again)}
                await connection.execute(_RELEASE, list(unsaid))
        self.metrics.published.inc(len(outcome.stored))
        self.refused = "" if outcome.stored else self.refused
        stored = set(outcome.stored)
        for message in messages:
            if message.id in stored:
                tracing.publish_span(message.subject, message.headers)
        if outcome.away:
            raise outcome.away
        return more

    async def _refused(self, connection: Connection, outcome: Outcome) -> None:
        for row_id, reason in outcome.never.items():
            await connection.execute(_PARK, uuid.UUID(row_id), reason)
            log.error("outbox_row_parked", event_id=row_id, reason=reason)
        for row_id, reason in outcome.again.items():
            await connection.execute(_AGAIN, uuid.UUID(row_id), reason, NEVER_AFTER)
            log.warning("outbox_row_refused", event_id=row_id, reason=reason)


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
