"""What a service remembers of its place in the stream, so that a lost consumer costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from shared.consumers import Consumers
from shared.db import Tx
from shared.tables import Cursor, Subscription, table_of


@dataclass(frozen=True, slots=True)
class Position:
    """The contiguous ack floor in the stream that was created at that moment."""

    floor: int
    stream_created: str


async def saved_position(tx: Tx, consumer: str) -> Position | None:
    """Where the consumer stood when it was last looked at, or None on the first start."""
    row = await tx.get(Cursor, consumer)
    return Position(row.ack_floor, row.stream_created) if row else None


async def save_position(tx: Tx, consumer: str, position: Position) -> None:
    """Keeps the floor. The contiguous one, not the newest processed: what was in flight must come again."""
    row = {"consumer": consumer, "ack_floor": position.floor, "stream_created": position.stream_created}
    statement = insert(table_of(Cursor)).values(row)
    await tx.execute(statement.on_conflict_do_update(index_elements=["consumer"], set_={**row, "at": text("now()")}))


async def starts(tx: Tx, consumers: Consumers, last_seq: int, *, existed: bool) -> tuple[dict[str, int], list[str]]:
    """Notes since when each event is listened to.

    Returns, for each `since="now"` event, the sequence up to which it is not this service's business; and the
    `since="start"` events whose past is still to be heard because the consumer is older than the handler.
    """
    known = {row.event: row for row in (await tx.execute(select(Subscription))).scalars()}
    for name, handler in consumers.handlers.items():
        if name not in known:
            row = Subscription(
                event=name,
                since=handler.since,
                from_seq=last_seq if handler.since == "now" else 0,
                backfilled=handler.since == "now" or not existed,
            )
            statement = insert(table_of(Subscription)).values(row.model_dump(exclude={"at"})).on_conflict_do_nothing()
            await tx.execute(statement)
            known[name] = row
    listening = {name: known[name].from_seq for name, handler in consumers.handlers.items() if handler.since == "now"}
    return listening, [name for name in consumers.handlers if not known[name].backfilled]


async def backfill_done(tx: Tx, events: Sequence[str]) -> None:
    """Notes that the past of these events has been heard."""
    await tx.execute(text("UPDATE kit_subscription SET backfilled = true WHERE event = ANY(:events)"), {"events": list(events)})
