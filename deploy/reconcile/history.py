"""What the stream holds, read once from its first message to its last, and what still waits in the outboxes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from shared.bus import DEAD, EVENTS, connect_once

_AT_ONCE = 1000
_WAIT = 5.0


@dataclass(slots=True)
class Told:
    """An event as it stands in the stream (`seq` > 0) or in an outbox (`seq` 0)."""

    id: str
    seq: int
    at: datetime
    data: dict[str, Any]


@dataclass(slots=True)
class History:
    """All events by type; `first_at` is the moment before which the stream has forgotten, None when it holds all."""

    events: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    dead: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seen: set[str] = field(default_factory=set)
    first_at: datetime | None = None
    unreadable: int = 0

    def of(self, types: Iterable[str]) -> Iterable[tuple[str, Told]]:
        """Type and event, for some types."""
        for name in types:
            for event in self.events.get(name, ()):
                yield name, event


async def read_history(nats_url: str, seed: str | None, outboxes: Iterable[Sequence[Any]] = ()) -> History:
    """Reads EVENTS and the ids in DEAD. `outboxes` are (subject, event id, body, made at) of rows not yet published.

    Raises what nats-py raises when the broker is away or a stream is missing.
    """
    history = History()
    client = await connect_once(nats_url, seed)
    try:
        stream = client.jetstream(timeout=10)
        state = (await stream.stream_info(EVENTS)).state
        async for message in _all(stream, EVENTS):
            headers = message.headers or {}
            _note(
                history,
                message.subject,
                headers.get("ce-id", ""),
                message.data,
                message.metadata.sequence.stream,
                message.metadata.timestamp,
            )
        for subject, event_id, body, made_at in outboxes:
            _note(history, subject, event_id, bytes(body), 0, made_at)
        if state.first_seq > 1 and state.messages:
            history.first_at = (await stream.get_msg(EVENTS, state.first_seq)).time or datetime.now(UTC)
        async for message in _all(stream, DEAD):
            history.dead[message.subject.split(".")[2]].append(
                (message.headers or {}).get("ce-id", f"number {message.metadata.sequence.stream}")
            )
    finally:
        await client.close()
    return history


async def _all(stream: Any, name: str) -> Any:
    """Every message, through a consumer that the server forgets by itself."""
    config = ConsumerConfig(ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.ALL, inactive_threshold=30, mem_storage=True)
    left = (await stream.stream_info(name)).state.messages
    pull = await stream.pull_subscribe("", stream=name, config=config)
    try:
        while left:
            try:
                # A fetch waits for as many as it asks for.
                messages = await pull.fetch(min(_AT_ONCE, left), timeout=_WAIT)
            except NatsTimeout:
                return
            for message in messages:
                yield message
            left = messages[-1].metadata.num_pending
    finally:
        await pull.unsubscribe()


def _note(history: History, subject: str, event_id: str, body: bytes, seq: int, at: datetime) -> None:
    parts = subject.split(".")
    if len(parts) != 6 or parts[2] == "replay":
        return
    try:
        data = orjson.loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict) or not event_id:
        history.unreadable += 1
        return
    # The same event published twice, past the broker's window for duplicates, is one event.
    if event_id not in history.seen:
        history.seen.add(event_id)
        history.events[".".join(parts[2:5])].append(Told(event_id, seq, at, data))
