"""CloudEvents 1.0 in binary mode on NATS headers: the SDK has no NATS binding (decision record 0003)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

import orjson
from pydantic import ValidationError

from shared.events.base import Event, all_events

MSG_ID = "Nats-Msg-Id"
TRACEPARENT = "traceparent"
BEGUN = "ce-begun"
"""CloudEvents extension of an event that another gave rise to: when the first event of that chain occurred (record 0017)."""


class NotReadable(ValueError):
    """A message that is no event of ours; the text says why without repeating its content."""


def headers_of(event: Event, traceparent: str | None, begun: str | None = None) -> dict[str, str]:
    """The headers that carry an event: CloudEvents attributes, trace context and the deduplication id."""
    event_id = str(event.id)
    headers = {
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-source": f"/lianxin/{event.site}/{event.producer}",
        "ce-type": event.type_name(),
        "ce-time": event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "ce-subject": event.key_value(),
        "content-type": "application/json",
        MSG_ID: event_id,
    }
    if traceparent:
        headers[TRACEPARENT] = traceparent
    if begun:
        headers[BEGUN] = begun
    return headers


def begun_of(headers: Mapping[str, str]) -> str:
    """When what led to this event began: its own time, unless another event gave rise to it."""
    return headers.get(BEGUN) or headers["ce-time"]


def event_id_of(headers: Mapping[str, str]) -> uuid.UUID:
    """The event's id. Raises NotReadable."""
    try:
        return uuid.UUID(headers["ce-id"])
    except (KeyError, ValueError) as error:
        raise NotReadable("header ce-id is missing or no UUID") from error


def read(kind: type[Event], headers: Mapping[str, str], body: bytes) -> Event:
    """The event of class `kind` in a message. Raises NotReadable."""
    event_id = event_id_of(headers)
    try:
        occurred_at = datetime.fromisoformat(headers["ce-time"])
        site = headers["ce-source"].split("/")[2]
    except (KeyError, ValueError, IndexError) as error:
        raise NotReadable("header ce-time or ce-source is missing or not readable") from error
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotReadable("the body is not valid JSON") from error
    if not isinstance(data, dict):
        raise NotReadable("the body is no JSON object")
    try:
        return kind.model_validate({**data, "id": event_id, "occurred_at": occurred_at, "site": site})
    except ValidationError as error:
        places = ", ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in error.errors()[:5])
        raise NotReadable(f"{kind.type_name()}: {places}") from error


def class_of(type_name: str) -> type[Event]:
    """The event class of a CloudEvents type. Raises NotReadable when no such event is known."""
    for kind in all_events():
        if kind.type_name() == type_name:
            return kind
    raise NotReadable("header ce-type names no known event")
