"""The wire side of durable delivery: pull requests, their messages, acks (decision record 0004)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from shared.bus import EVENTS

_SOON = 0.05
"""Seconds that messages which are known to follow are waited for."""
_ACK, _IN_PROGRESS = b"+ACK", b"+WPI"


class ConsumerGone(Exception):
    """The server says that the durable consumer is not there."""


class Puller:
    """Fetches up to a batch: what is there and, for a moment, what is known to follow. At most one request is open at a time.

    `expires` is how many seconds the server holds a request open, `gather` how many are waited after the first message.
    """

    def __init__(self, client: Client, consumer: str, expires: float, gather: float = 0.0) -> None:
        self.consumer = consumer
        self._gather = gather
        self._client = client
        self._expires = expires
        self._queue: asyncio.Queue[Msg] = asyncio.Queue()
        self._held: dict[str, Msg] = {}
        self._subscription: Subscription | None = None
        self._inbox = client.new_inbox()
        self._owed = 0
        self._asked_at = 0.0

    async def open(self) -> None:
        """Subscribes the inbox that messages are delivered to."""
        self._subscription = await self._client.subscribe(self._inbox, cb=self._arrived)

    async def close(self) -> None:
        """Gives back what was fetched and not handled, so that another replica need not wait for `ack_wait`."""
        if self._subscription is None or not self._client.is_connected:
            return
        await self._subscription.unsubscribe()
        for message in list(self._held.values()):
            await self.nak(message, 0)
        await self._client.flush(2)

    async def _arrived(self, message: Msg) -> None:
        if not _status(message):
            self._held[message.reply] = message
        self._queue.put_nowait(message)

    async def fetch(self, batch: int) -> list[Msg]:
        """Up to `batch` messages; an empty list when none came before the request ended. Raises ConsumerGone."""
        messages: list[Msg] = []
        if self._queue.empty():
            await self._ask(batch)
            try:
                self._take(await asyncio.wait_for(self._queue.get(), self._expires + 1.0), messages)
            except TimeoutError:
                self._owed = 0
                return []
            if self._gather and messages:
                await asyncio.sleep(self._gather)
        while len(messages) < batch and await self._more(messages):
            self._take(self._queue.get_nowait(), messages)
        if self._queue.empty() and messages and messages[-1].metadata.num_pending:
            # There is a backlog: the next batch travels while this one is handled.
            await self._ask(batch)
        return messages

    async def _more(self, messages: Sequence[Msg]) -> bool:
        """Whether there is another one: at once, or soon, when the last message says that others follow it.

        A relay's window arrives in many pieces; one transaction for each piece cost a third more than one for all (record 0015).
        """
        if self._queue.empty() and self._owed > 0 and messages and messages[-1].metadata.num_pending:
            with contextlib.suppress(TimeoutError):
                self._queue.put_nowait(await asyncio.wait_for(self._queue.get(), _SOON))
        return not self._queue.empty()

    async def _ask(self, batch: int) -> None:
        # A request that was lost on the way (server restart) is given up after its own time.
        if self._owed > 0 and time.monotonic() < self._asked_at + self._expires:
            return
        wanted = {"batch": batch, "expires": int(self._expires * 1e9)}
        await self._client.publish(f"$JS.API.CONSUMER.MSG.NEXT.{EVENTS}.{self.consumer}", orjson.dumps(wanted), reply=self._inbox)
        self._owed = batch
        self._asked_at = time.monotonic()

    def _take(self, message: Msg, into: list[Msg]) -> None:
        status = _status(message)
        if not status:
            self._owed -= 1
            into.append(message)
        elif status != "100":
            self._owed = 0
            description = (message.headers or {}).get("Description", "")
            if status == "503" or "Consumer Deleted" in description:
                raise ConsumerGone(f"{status} {description}")

    async def ack(self, message: Msg) -> None:
        """Says that a message has taken effect."""
        self._held.pop(message.reply, None)
        await self._client.publish(message.reply, _ACK)

    async def nak(self, message: Msg, delay: float) -> None:
        """Asks for a message again after `delay` seconds."""
        self._held.pop(message.reply, None)
        await self._client.publish(message.reply, b"-NAK " + orjson.dumps({"delay": int(delay * 1e9)}))

    async def keep(self, every: float) -> None:
        """Tells the server every so many seconds that what is held is still being worked on. Runs until cancelled."""
        while True:
            await asyncio.sleep(every)
            for message in list(self._held.values()):
                try:
                    await self._client.publish(message.reply, _IN_PROGRESS)
                except NatsError:
                    break


def _status(message: Msg) -> str:
    # Only the server's own answers lack an ack subject.
    return "" if message.reply else (message.headers or {}).get("Status", "503")
