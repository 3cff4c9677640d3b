"""What a transaction has decided to tell, and how it is stored beside its rows (decision record 0002)."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.events.base import Event


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event ready to be published: subject, CloudEvents headers and JSON body."""

    event: Event
    subject: str
    headers: dict[str, str]
    body: bytes


# Arrays instead of a row at a time: 5.7 against 10.4 ms for 400 rows (measured on routing's history).
_STORE = text(
    "INSERT INTO kit_outbox (id, subject, headers, body) SELECT i, s, CAST(h AS jsonb), b "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:subjects AS text[]), CAST(:headers AS text[]), CAST(:bodies AS bytea[])) AS r (i, s, h, b)"
)


async def store(tx: AsyncSession, outgoing: list[Outgoing]) -> None:
    """Writes the events of a transaction into its outbox."""
    columns = {
        "ids": [o.event.id for o in outgoing],
        "subjects": [o.subject for o in outgoing],
        "headers": [orjson.dumps(o.headers).decode() for o in outgoing],
        "bodies": [o.body for o in outgoing],
    }
    await tx.execute(_STORE, columns)
