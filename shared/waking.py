"""Tries parked events again, each in its own transaction together with its effects."""

from __future__ import annotations

import structlog

from shared.consumers import Early
from shared.db import is_outage
from shared.delivery import Delivery, Fate, Incoming
from shared.parking import next_due, park, put_off, unpark

log = structlog.get_logger("lianxin.waking")


async def retry_parked(delivery: Delivery, limit: int = 200) -> tuple[int, list[Incoming]]:
    """Tries what was woken or is due again.

    Returns how many took effect, and those to bury: past their day, or raising again and again. They stay parked until
    `buried_from_parking` says that the dead stream holds them.
    """
    done, dead = 0, []
    for _ in range(limit):
        message = await _retry_next(delivery)
        if message is None:
            break
        if message.fate is Fate.DEAD:
            dead.append(message)
        elif message.fate is Fate.DONE:
            done += 1
    return done, dead


async def _retry_next(delivery: Delivery) -> Incoming | None:
    """One parked message: its fate says what became of it; RETRY means that it goes on waiting. None: nothing is due."""
    database, service = delivery.database, delivery.service
    message: Incoming | None = None
    try:
        async with database.transaction() as tx:
            row = await next_due(tx, service)
            if row is None:
                return None
            message = Incoming(row.subject, row.headers, bytes(row.body))
            delivery.prepare(message)
            expired = row.expired
            if message.handler is None or message.event is None:
                message.fate = Fate.DEAD
                await put_off(tx, service, row.event_id, database.settings.park_retry)
                return message
            await unpark(tx, service, row.event_id)
            await delivery.call(tx, message.handler, message)
        delivery.metrics.handled.labels(message.name, "woken").inc()
        return message
    except Early as error:
        assert message is not None and message.event is not None
        async with database.transaction() as tx:
            await park(tx, service, message.event.id, error.waits_for, message.subject, message.headers, message.body)
        message.fate = Fate.DEAD if expired else Fate.RETRY
        message.attempts, message.reason = 1, f"Early: {error} for more than {database.settings.park_days} days"
        return message
    except Exception as error:
        if is_outage(error) or message is None or message.event is None:
            raise
        await delivery.failed(message, error)
        async with database.transaction() as tx:
            await put_off(tx, service, message.event.id, database.settings.retry_delay * 4 ** min(message.attempts, 4))
        return message


async def buried_from_parking(delivery: Delivery, message: Incoming) -> None:
    """Takes a message out of parking for good: the dead stream holds it now, and a replay may take effect."""
    assert message.event is not None
    async with delivery.database.transaction() as tx:
        await unpark(tx, delivery.service, message.event.id, forget=True)
