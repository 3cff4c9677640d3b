"""`emit`: an event is told if and only if the transaction that decides it commits (decision record 0002)."""

from __future__ import annotations

from shared import tracing
from shared.codec import headers_of
from shared.db import Tx
from shared.events.base import CORE, EVERYONE, Event
from shared.outgoing import Outgoing


class AudienceNotAllowed(ValueError):
    """A defect: an addressed event without an organisation, or an internal one for everyone."""


def emit(tx: Tx, event: Event, *, audience: str = CORE, cause: Event | None = None) -> None:
    """Adds `event` to the transaction: it is published if and only if the transaction commits.

    `audience` is `core`, an organisation's id for addressed events, or `EVERYONE` for events without free text.
    `cause` continues the trace and the chain of one event of a batch; otherwise those of the request or event at hand go on.
    Raises AudienceNotAllowed.
    """
    if event.addressed == (audience in (CORE, EVERYONE)) or (audience == EVERYONE and not event.open_to_all):
        raise AudienceNotAllowed(f"{type(event).__name__} to {audience}")
    told = event.model_copy(update={"site": tx.site})
    traceparent = (tx.traceparents.get(cause.id) if cause else None) or tx.traceparent or tracing.current_traceparent()
    handled = cause.id if cause else tx.handling
    headers = headers_of(told, traceparent, tx.begun.get(handled) if handled else None)
    tx.outgoing.append(Outgoing(told, told.subject(tx.site, audience), headers, told.model_dump_json().encode()))
