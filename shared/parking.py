"""Events that came before what they need: kept under what they wait for until that is there."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import text

if TYPE_CHECKING:
    from shared.db import Tx

_PARK = text(
    """
    INSERT INTO kit_parked (event_id, consumer, waits_for, subject, headers, body, next_try_at)
    VALUES (:event_id, :consumer, :waits_for, :subject, CAST(:headers AS jsonb), :body, clock_timestamp() + make_interval(secs => :delay))
    ON CONFLICT (event_id, consumer) DO UPDATE SET waits_for = excluded.waits_for, next_try_at = excluded.next_try_at
    """
)
_DUE = text(
    """
    SELECT event_id, subject, headers, body, parked_at < clock_timestamp() - make_interval(secs => :life) AS expired
    FROM kit_parked WHERE consumer = :consumer AND next_try_at <= clock_timestamp()
    ORDER BY next_try_at, event_id LIMIT 1 FOR UPDATE SKIP LOCKED
    """
)
_LATER = text(
    "UPDATE kit_parked SET next_try_at = clock_timestamp() + make_interval(secs => :delay) "
    "WHERE event_id = :event_id AND consumer = :consumer"
)


async def park(tx: Tx, consumer: str, event_id: uuid.UUID, waits_for: str, subject: str, headers: dict[str, str], body: bytes) -> None:
    """Keeps a message until `wake` is called for what it waits for, or `park_retry` seconds have passed."""
    row = {"event_id": event_id, "consumer": consumer, "waits_for": waits_for, "subject": subject, "body": body}
    await tx.execute(_PARK, {**row, "headers": orjson.dumps(headers).decode(), "delay": tx.settings.park_retry})


async def next_due(tx: Tx, consumer: str) -> Any:
    """The message whose time has come first, locked, or None. `expired` says that it has waited for `park_days`."""
    return (await tx.execute(_DUE, {"consumer": consumer, "life": tx.settings.park_days * 86_400})).one_or_none()


async def put_off(tx: Tx, consumer: str, event_id: uuid.UUID, delay: float) -> None:
    """Lets a parked message wait `delay` seconds more."""
    await tx.execute(_LATER, {"event_id": event_id, "consumer": consumer, "delay": delay})


async def unpark(tx: Tx, consumer: str, event_id: uuid.UUID, *, forget: bool = False) -> None:
    """Takes a message out. With `forget` its inbox row goes too, so that a replay of it may take effect."""
    found = {"event_id": event_id, "consumer": consumer}
    await tx.execute(text("DELETE FROM kit_parked WHERE event_id = :event_id AND consumer = :consumer"), found)
    if forget:
        await tx.execute(text("DELETE FROM kit_inbox WHERE event_id = :event_id AND consumer = :consumer"), found)


async def parked_state(tx: Tx) -> tuple[int, float]:
    """How many events wait for another, and since how many seconds the oldest does."""
    statement = "SELECT count(*) AS n, extract(epoch FROM clock_timestamp() - min(parked_at)) AS age FROM kit_parked"
    row = (await tx.execute(text(statement))).one()
    return int(row.n), float(row.age or 0.0)
