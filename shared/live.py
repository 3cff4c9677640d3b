"""Live signals for open pages: core NATS, after commit, ids only, never the only way to learn something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from faststream.nats import NatsBroker
from nats.errors import Error as NatsError

from shared.bus import Bus, BusAway

if TYPE_CHECKING:
    from shared.db import Database, Tx

log = structlog.get_logger("lianxin.live")


def live(tx: Tx, topic: str, payload: str) -> None:
    """Tells open pages, once this transaction has committed, that something of `topic` changed; `payload` is an id."""
    tx.signals.append((topic, payload))


class Closing(Exception):
    """The service is asked to stop: open streams end."""


class Signals:
    """The signals of one topic for one open stream."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=1000)

    def put(self, payload: str | None) -> None:
        """Adds a signal; a stream that does not read loses signals, and finds what it missed in its table."""
        if self._queue.full() and payload is not None:
            return
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(payload)

    async def next(self, timeout: float) -> str | None:
        """The next payload, or None when there was none for `timeout` seconds. Raises Closing at shutdown."""
        try:
            payload = await asyncio.wait_for(self._queue.get(), timeout)
        except TimeoutError:
            return None
        if payload is None:
            raise Closing
        return payload


class Live:
    """Sends this process's signals and hands those of all replicas to its open streams.

    One subscription a topic through FastStream, whatever the number of open streams. While the bus is away this
    process's own streams are still served.
    """

    def __init__(self, bus: Bus, database: Database) -> None:
        self._bus = bus
        self._prefix = f"live.{bus.settings.site}.{bus.service}"
        self._open: dict[str, set[Signals]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: set[str] = set()
        self._closing = False
        database.after_commit.append(self._committed)

    def _committed(self, tx: Tx) -> None:
        for topic, payload in tx.signals:
            if not self._bus.is_connected:
                self._hand(topic, payload)
                continue
            task = asyncio.create_task(self._send(topic, payload))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, topic: str, payload: str) -> None:
        try:
            await self._bus.client.publish(f"{self._prefix}.{topic}", payload.encode())
        except (BusAway, NatsError, OSError):
            self._hand(topic, payload)

    def _hand(self, topic: str, payload: str) -> None:
        for signals in self._open.get(topic, ()):
            signals.put(payload)

    async def listen(self, broker: NatsBroker, topic: str) -> None:
        """Subscribes this process to a topic, once."""
        if topic in self._listening:
            return
        self._listening.add(topic)

        async def hear(payload: str) -> None:
            self._hand(topic, payload)

        subscriber = broker.subscriber(f"{self._prefix}.{topic}")
        subscriber(hear)
        await subscriber.start()

    async def keep_listening(self) -> None:
        """Subscribes topics that were opened while the bus was away. Runs until cancelled."""
        while True:
            await asyncio.sleep(2)
            await self._catch_up()

    async def _catch_up(self) -> None:
        for topic in set(self._open) - self._listening:
            if self._bus.is_connected:
                try:
                    await self.listen(self._bus.broker, topic)
                except (NatsError, OSError) as error:
                    self._listening.discard(topic)
                    log.warning("live_not_subscribed", topic=topic, error=type(error).__name__)

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[Signals]:
        """The signals of a topic for as long as the block runs."""
        signals = Signals()
        self._open.setdefault(topic, set()).add(signals)
        if self._closing:
            signals.put(None)
        await self._catch_up()
        try:
            yield signals
        finally:
            self._open[topic].discard(signals)

    def close(self) -> None:
        """Ends all open streams of this process."""
        self._closing = True
        for opened in self._open.values():
            for signals in opened:
                signals.put(None)
