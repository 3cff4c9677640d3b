"""Outbox: events are stored in the transaction that decides them (decision record 0002)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import text

from shared import tracing
from shared.codec import headers_of
from shared.events.base import CORE, EVERYONE, Event

if TYPE_CHECKING:
    from shared.db import Tx


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event ready to be published: subject, CloudEvents headers and JSON body."""

    event: Event
    subject: str
    headers: dict[str, str]
    body: bytes


class AudienceNotAllowed(ValueError):
    """A defect: an addressed event without an organisation, or an internal one for everyone."""


def emit(tx: Tx, event: Event, *, audience: str = CORE, cause: Event | None = None) -> None:
    """Adds `event` to the transaction: it is published if and only if the transaction commits.

    `audience` is `core`, an organisation's id for addressed events, or `EVERYONE` for events without free text.
    `cause` continues the trace of one event of a batch; otherwise the trace of the request or event at hand goes on.
    Raises AudienceNotAllowed.
    """
    if event.addressed == (audience in (CORE, EVERYONE)) or (audience == EVERYONE and not event.open_to_all):
        raise AudienceNotAllowed(f"{type(event).__name__} to {audience}")
    told = event.model_copy(update={"site": tx.site})
    traceparent = (tx.traceparents.get(cause.id) if cause else None) or tx.traceparent or tracing.current_traceparent()
    tx.outgoing.append(Outgoing(told, told.subject(tx.site, audience), headers_of(told, traceparent), told.model_dump_json().encode()))


# Arrays instead of a row at a time: 5.7 against 10.4 ms for 400 rows (measured on routing's history).
_STORE = text(
    "INSERT INTO kit_outbox (id, subject, headers, body) SELECT i, s, CAST(h AS jsonb), b "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:subjects AS text[]), CAST(:headers AS text[]), CAST(:bodies AS bytea[])) AS r (i, s, h, b)"
)


async def store(tx: Tx, outgoing: list[Outgoing]) -> None:
    """Writes the events of a transaction into its outbox."""
    columns = {
        "ids": [o.event.id for o in outgoing],
        "subjects": [o.subject for o in outgoing],
        "headers": [orjson.dumps(o.headers).decode() for o in outgoing],
        "bodies": [o.body for o in outgoing],
    }
    await tx.execute(_STORE, columns)
