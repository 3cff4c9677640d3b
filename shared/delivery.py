"""From messages to effects: inbox, one transaction for a batch, retries, parking, dead letters (decision record 0004).

Everything here runs with or without a broker: `Delivery.apply` is what tests call to deliver an event.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import structlog
from sqlalchemy import text

from shared import audit, crash, tracing
from shared.codec import TRACEPARENT, NotReadable, begun_of, read
from shared.consumers import Consumers, Early, Handler
from shared.db import Database, Tx, is_conflict, is_outage
from shared.defects import describe
from shared.events.base import Event
from shared.metrics import Metrics
from shared.parking import park

log = structlog.get_logger("lianxin.delivery")

REPLAYED_SUBJECT = "lx-subject"
"""Header of a replayed dead letter: the subject it was first published under."""


TOGETHER_TRIES = 3
"""A batch that PostgreSQL chose to end in a deadlock is tried again whole: one by one, 300 events took 45 s on a busy disk."""

ONE_BY_ONE = 50
"""Events that one transaction handles singly. With 500 a service that was killed every few seconds began again and again: 350 s."""


class Fate(Enum):
    """What is to be told to the broker."""

    DONE = "done"
    RETRY = "retry"
    DEAD = "dead"


@dataclass(slots=True)
class Incoming:
    """A message on its way to a handler, and afterwards what became of it."""

    subject: str
    headers: dict[str, str]
    body: bytes
    sequence: int = 0
    token: Any = None
    handler: Handler | None = None
    event: Event | None = None
    fate: Fate = Fate.DONE
    attempts: int = 0
    reason: str = ""
    skip: bool = field(default=False)

    @property
    def name(self) -> str:
        """For metrics and the dead letters' subject: the event's plain name."""
        return self.handler.event.event_name() if self.handler else "unknown"


class Delivery:
    """Handles incoming messages of one service."""

    def __init__(self, database: Database, consumers: Consumers, metrics: Metrics) -> None:
        self.database = database
        self.service = consumers.service
        self.metrics = metrics
        self._by_type = consumers.handlers
        self._listening_from: dict[str, int] = {}

    def listen_from(self, starts: dict[str, int]) -> None:
        """Event type → stream sequence up to which messages are none of this service's business (`since="now"`)."""
        self._listening_from = starts

    async def apply(self, incoming: Sequence[Incoming]) -> None:
        """Gives each message its effect, once, and its fate. Raises what `is_outage` recognises: then nothing was decided."""
        for message in incoming:
            self.prepare(message)
        ready = [m for m in incoming if m.event is not None and not m.skip]
        if ready:
            for messages in _transactions(ready):
                await self._halving(messages)
            crash.point("before_ack", self.service)

    async def _halving(self, messages: Sequence[Incoming]) -> None:
        """One transaction for all; where that fails, for each half: one bad event among 400 costs the others nine, not 399."""
        if len(messages) == 1:
            await self._alone(messages[0])
            return
        for _ in range(TOGETHER_TRIES):
            try:
                await self._together(messages)
                return
            except Exception as error:
                if is_outage(error):
                    raise
                log.debug("batch_failed", reason=type(error).__name__, size=len(messages))
                if not is_conflict(error):
                    break
        middle = len(messages) // 2
        await self._halving(messages[:middle])
        await self._halving(messages[middle:])

    def prepare(self, message: Incoming) -> None:
        """Finds the handler and reads the event; what is not readable is dead at once, what is none of ours is skipped."""
        subject = message.headers.get(REPLAYED_SUBJECT, message.subject)
        parts = subject.split(".")
        type_name = ".".join(parts[2:5]) if len(parts) == 6 else ""
        message.handler = self._by_type.get(type_name)
        if message.handler is None:
            # A replica of an older version is still there, or a filter was taken out: not this service's event any more.
            message.skip = True
            return
        if message.subject == subject and 0 < message.sequence <= self._listening_from.get(type_name, 0):
            message.skip = True
            return
        try:
            message.event = read(message.handler.event, message.headers, message.body)
        except NotReadable as error:
            message.fate, message.reason, message.attempts = Fate.DEAD, f"NotReadable: {error}", 1

    async def _together(self, ready: Sequence[Incoming]) -> None:
        async with self.database.transaction() as tx:
            fresh = await claim(tx, self.service, [m.event.id for m in ready if m.event])
            once: dict[uuid.UUID, Incoming] = {}
            for message in ready:
                if message.event and message.event.id in fresh:
                    once.setdefault(message.event.id, message)
            tx.traceparents = {i: m.headers[TRACEPARENT] for i, m in once.items() if TRACEPARENT in m.headers}
            by_handler: dict[str, list[Incoming]] = {}
            for message in once.values():
                batched = message.handler is not None and message.handler.batch
                by_handler.setdefault(message.event.type_name() if message.event and batched else "", []).append(message)
            for messages in by_handler.values():
                await self._handle(tx, messages)
            crash.point("after_effect", self.service)
        self._count(ready, set(once))

    async def _handle(self, tx: Tx, messages: list[Incoming]) -> None:
        handler = messages[0].handler
        assert handler is not None
        # Rows are locked in the order of the aggregates' ids, whatever order replicas get the messages in, and whatever the
        # events are about them: two replicas with several events each of the same cases stood in a deadlock otherwise.
        messages.sort(key=lambda m: m.event.key_value() if m.event else "")
        if handler.batch:
            tx.traceparent = None
            sampled = next((m.headers[TRACEPARENT] for m in messages if tracing.is_sampled(m.headers.get(TRACEPARENT))), None)
            with tracing.message_span(f"{self.service} handles {handler.event.type_name()}", sampled, {}) as traceparent:
                for message in messages:
                    if message.event:
                        tx.begun[message.event.id] = begun_of(message.headers)
                    if traceparent and message.event and message.headers.get(TRACEPARENT) == sampled:
                        tx.traceparents[message.event.id] = traceparent
                await handler.call(tx, [m.event for m in messages])
            tx.records.extend(audit.of_events([(m.event, m.headers) for m in messages if m.event]))
            return
        for message in messages:
            assert message.handler is not None
            await self.call(tx, message.handler, message)

    async def call(self, tx: Tx, handler: Handler, message: Incoming) -> None:
        """Runs the handler on one message, inside the message's own trace."""
        attributes = {"messaging.system": "nats", "messaging.message.id": message.headers.get("ce-id", "")}
        name = f"{self.service} handles {handler.event.type_name()}"
        with tracing.message_span(name, message.headers.get(TRACEPARENT), attributes) as traceparent:
            tx.traceparent = traceparent
            if message.event:
                tx.handling = message.event.id
                tx.begun[message.event.id] = begun_of(message.headers)
            await handler.call(tx, [message.event] if handler.batch else message.event)
            tx.traceparent = tx.handling = None
        if message.event:
            tx.records.append(audit.of_event(message.event, message.headers))

    async def _alone(self, message: Incoming) -> None:
        handler, event = message.handler, message.event
        assert handler is not None and event is not None
        for _ in range(5):
            try:
                async with self.database.transaction() as tx:
                    if event.id in await claim(tx, self.service, [event.id]):
                        await self.call(tx, handler, message)
                        crash.point("after_effect", self.service)
                        outcome = {event.id}
                    else:
                        outcome = set()
                self._count([message], outcome)
                return
            except Early as error:
                await self._park(message, event, error.waits_for)
                return
            except Exception as error:
                if is_outage(error):
                    raise
                if is_conflict(error):
                    continue
                await self.failed(message, error)
                return
        await self.failed(message, RuntimeError("five conflicts in a row"))

    async def _park(self, message: Incoming, event: Event, waits_for: str) -> None:
        async with self.database.transaction() as tx:
            if event.id in await claim(tx, self.service, [event.id]):
                await park(tx, self.service, event.id, waits_for, message.subject, message.headers, message.body)
        self.metrics.handled.labels(message.name, "parked").inc()

    async def failed(self, message: Incoming, error: BaseException) -> None:
        """Counts an attempt and decides between another one and the dead letters."""
        message.reason = describe(error)
        event_id = message.headers.get("ce-id", f"seq-{message.sequence}")
        async with self.database.transaction() as tx:
            row = await tx.execute(_COUNT_FAILURE, {"event_id": event_id, "consumer": self.service, "reason": message.reason})
            message.attempts = int(row.scalar_one())
        message.fate = Fate.DEAD if message.attempts >= self.database.settings.attempts else Fate.RETRY
        self.metrics.handled.labels(message.name, message.fate.value).inc()
        log.warning("handler_raised", event_name=message.name, event_id=event_id, attempts=message.attempts, reason=message.reason)

    async def buried(self, message: Incoming) -> None:
        """Forgets the failures of a message that the dead stream has confirmed, so that a replay starts anew."""
        async with self.database.transaction(durable=False) as tx:
            await tx.execute(
                text("DELETE FROM kit_failure WHERE event_id = :event_id AND consumer = :consumer"),
                {"event_id": message.headers.get("ce-id", f"seq-{message.sequence}"), "consumer": self.service},
            )

    def _count(self, messages: Sequence[Incoming], fresh: set[uuid.UUID]) -> None:
        outcomes = Counter((m.name, "done" if m.event and m.event.id in fresh else "duplicate") for m in messages)
        for (name, outcome), number in outcomes.items():
            self.metrics.handled.labels(name, outcome).inc(number)


def _transactions(messages: Sequence[Incoming]) -> Iterator[Sequence[Incoming]]:
    """The messages in their order, cut where a transaction would have handled ONE_BY_ONE of them singly."""
    start = singly = 0
    for end, message in enumerate(messages, 1):
        singly += not (message.handler and message.handler.batch)
        if singly == ONE_BY_ONE or end == len(messages):
            yield messages[start:end]
            start, singly = end, 0


_COUNT_FAILURE = text(
    """
    INSERT INTO kit_failure (event_id, consumer, attempts, reason) VALUES (:event_id, :consumer, 1, :reason)
    ON CONFLICT (event_id, consumer) DO UPDATE SET attempts = kit_failure.attempts + 1, reason = excluded.reason, at = now()
    RETURNING attempts
    """
)


_CLAIM = "INSERT INTO kit_inbox (event_id, consumer) SELECT unnest($1::uuid[]), $2 ON CONFLICT DO NOTHING RETURNING event_id"


async def claim(tx: Tx, consumer: str, event_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Puts events into the inbox and says which of them were not there yet: only those may take effect."""
    found = await tx.run(_CLAIM, sorted(set(event_ids)), consumer)
    return {row["event_id"] for row in found}
