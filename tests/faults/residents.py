"""Load while a fault acts: residents submit through the gateway at a steady rate, desk and departments handle what has come."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Any, Self

from deploy.local.demo import Memory
from deploy.local.demo_client import Api
from deploy.local.demo_loop import Loop, Plan
from deploy.local.demo_messages import Message, messages
from tests.faults.pace import Pace

PATIENCE = 900.0
"""Seconds that a client asks again: longer than any fault lasts."""

AT_ONCE = 40
"""Submissions under way at most, so that a fault which answers nobody is not met with ever more of them."""

RECEIPTS_WITHIN = 60.0
"""Seconds after a fault in which everyone who has sent must have a receipt."""


@dataclass(slots=True)
class Receipts:
    """What clients were told, by the number of the message: every answer to every repetition of a request."""

    numbers: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    before: set[str] = field(default_factory=set)
    """Opinions that were there before anybody began to count."""

    def accepted(self) -> int:
        """How many messages have a receipt."""
        return len(self.numbers)


class Residents(Loop):
    """Submits at a pace from entering to leaving the context. `receipts` and `numbers` go on from fault to fault."""

    def __init__(self, api: Api, plan: Plan, pace: Pace, receipts: Receipts, numbers: count[int]) -> None:
        super().__init__(api, plan)
        self.receipts = receipts
        self._pace = pace
        self._numbers = numbers
        self._words = messages(200)
        self._waiting: asyncio.Queue[int] = asyncio.Queue()
        self._submitting: set[asyncio.Task[Any]] = set()
        self._people: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._people = [asyncio.create_task(self._arrive()), *(asyncio.create_task(self._handle()) for _ in range(self._pace.handlers))]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nobody comes any more; who has sent waits for the receipt, who handles leaves at once."""
        for person in self._people:
            person.cancel()
        if self._submitting:
            await asyncio.wait(self._submitting, timeout=RECEIPTS_WITHIN)
        for sender in self._submitting:
            sender.cancel()
        ended = await asyncio.gather(*self._people, *self._submitting, return_exceptions=True)
        broken = [e for e in ended if isinstance(e, Exception)]
        if broken and error is None:
            raise broken[0]

    async def submit(self, number: int, message: Message) -> Any:
        opinion = await super().submit(number, message)
        self.receipts.numbers[number].add(opinion["number"])
        return opinion

    async def one(self, title: str | None = None) -> str:
        """Submits one message now, of a title of one's own if wanted; its receipt's number."""
        message = self._words[0] if title is None else Message(title, f"{title}，请尽快处理。", "已处理。")
        opinion: dict[str, Any] = await self.submit(next(self._numbers), message)
        return str(opinion["number"])

    async def many(self, number: int) -> list[str]:
        """Submits so many at once; their receipts' numbers."""
        return list(await asyncio.gather(*(self.one() for _ in range(number))))

    def soon(self, number: int) -> None:
        """Lets so many residents submit at once, beside those who come anyway."""
        for _ in range(number):
            sender = asyncio.create_task(self._send(next(self._numbers)))
            self._submitting.add(sender)
            sender.add_done_callback(self._sent)

    async def _arrive(self) -> None:
        due = time.monotonic()
        while True:
            due = max(due + 1 / self._pace.rate, time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if len(self._submitting) < AT_ONCE:
                self.soon(1)

    async def _send(self, number: int) -> None:
        await self.submit(number, self._words[number % len(self._words)])
        self._waiting.put_nowait(number)

    def _sent(self, sender: asyncio.Task[Any]) -> None:
        # One that failed stays, for the end to raise it.
        if sender.cancelled() or sender.exception() is None:
            self._submitting.discard(sender)

    async def _handle(self) -> None:
        while True:
            number = await self._waiting.get()
            await self.through(number, self._words[number % len(self._words)])


async def plan_of(api: Api, memory: Memory) -> Plan:
    """Signs in who handles."""
    desk = await api.sign_in(memory.of_role("desk")[0])
    departments = {a["organisation"]: await api.sign_in(a) for a in memory.of_role("department")}
    return Plan(desk, departments, memory.codes)
