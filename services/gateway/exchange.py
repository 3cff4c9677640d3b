"""One request on its way through the gateway: its deadline, its client's patience, and the clock that watches all of them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from services.gateway.upstream import Upstream

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_TICK = 0.25


class ClientGone(Exception):
    """The client went away before its answer was complete."""


class Stalled(Exception):
    """A deadline passed. What was waited for says what it means."""


class Exchange:
    """Ends its own task from outside, with a reason; the task turns the cancellation into that reason with `reason_for`."""

    __slots__ = ("_reason", "_task", "_watch", "deadline", "may_watch", "receive", "waits_for")

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.deadline = math.inf
        self.may_watch = False
        """True once the request's body has been read: only then may somebody else call `receive`."""
        self.waits_for = "request"
        """What a passed deadline was for: `request` (its body), `answer` (its headers)."""
        self._task = asyncio.current_task()
        self._watch: asyncio.Task[None] | None = None
        self._reason: Exception | None = None

    def end(self, reason: Exception) -> None:
        """Interrupts the task, once."""
        if self._reason is None and self._task is not None:
            self._reason = reason
            self._task.cancel()

    def reason_for(self, cancelled: asyncio.CancelledError) -> Exception:
        """Why the task was interrupted. Raises the cancellation again when it came from elsewhere."""
        if self._reason is None:
            raise cancelled
        if self._task is not None:
            self._task.uncancel()
        return self._reason

    def tick(self, now: float) -> None:
        """What is due at `now` (the loop's time): the deadline, and looking out for the client once it takes longer."""
        if now >= self.deadline:
            self.end(Stalled())
        elif self.may_watch and self._watch is None:
            self._watch = asyncio.create_task(self._await_disconnect())

    async def _await_disconnect(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.end(ClientGone())

    def finish(self) -> None:
        """No more is to be watched."""
        if self._watch is not None:
            self._watch.cancel()
        self._task = None


class Ticker:
    """One timer for all: a timer and a task per request would cost more than the request."""

    def __init__(self, upstreams: Iterable[Upstream]) -> None:
        self.running: set[Exchange] = set()
        self._upstreams = tuple(upstreams)

    async def run(self) -> None:
        """Ticks until cancelled; then ends all connections."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await asyncio.sleep(_TICK)
                now = loop.time()
                for exchange in tuple(self.running):
                    exchange.tick(now)
                for upstream in self._upstreams:
                    upstream.sweep(now)
        finally:
            for upstream in self._upstreams:
                upstream.close()
