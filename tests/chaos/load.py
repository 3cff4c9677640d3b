"""Residents, the desk and departments at work through the gateway, and the client's own ledger of what it was told."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from deploy.local.demo import Memory
from deploy.local.demo_client import Api, Refusal
from deploy.local.demo_loop import Loop, Plan
from deploy.local.demo_messages import Message, messages
from tests.e2e.suite import Suite

WORKERS = 80
WHOLE_LOOP = 5
"""One opinion in so many goes through the whole loop; the others are submitted, and their cases wait."""

FIRST = 1000
"""The demo place has used the keys of the first numbers."""

OPINIONS = "/api/intake/opinions"
LOOKS_EVERY = 4.0
"""Seconds between two looks of somebody who has waited for a while."""

ANSWER_WITHIN = 12.0
"""Seconds after which the client asks again with the same key."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A writing request with an `Idempotency-Key`: the answer is None as long as none came."""

    path: str
    version: int | None
    body: Any
    answer: Any = None


class Recorder(Api):
    """A client that notes, under each key, what it asked and what it was answered."""

    def __init__(self, url: str, patience: float) -> None:
        super().__init__(url, patience)
        self.ledger: dict[str, Asked] = {}
        self.answers: Counter[str] = Counter()
        self.in_flight = 0
        self.served_since = 0.0
        """When the newest request that was answered well began, by `time.monotonic()`."""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN))
        return self

    async def post(self, path: str, data: Any = None, **more: Any) -> Any:
        """As `Api.post`; a keyed request is in the ledger from its first attempt."""
        key = more.get("key")
        if key is None:
            return await super().post(path, data, **more)
        self.ledger.setdefault(key, Asked(path, more.get("version"), data))
        answer = await super().post(path, data, **more)
        self.ledger[key] = Asked(path, more.get("version"), data, answer)
        return answer

    async def until(self, path: str, fits: Callable[[Any], Any], *, token: str | None = None, lookup: str | None = None) -> Any:
        """As `Api.until`, but looking less and less often: a hundred people who wait must not be the load themselves."""
        pause, deadline = 0.1, time.monotonic() + self._patience
        while time.monotonic() < deadline:
            try:
                if found := fits(await self.get(path, token=token, lookup=lookup)):
                    return found
            except Refusal as refusal:
                if refusal.status not in (404, 409, 429, 502, 503, 504):
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, LOOKS_EVERY)
        raise TimeoutError(path)

    async def _call(self, method: str, path: str, data: Any = None, **more: Any) -> Any:
        began = time.monotonic()
        self.in_flight += 1
        try:
            answer = await super()._call(method, path, data, **more)
        except Refusal as refusal:
            self.answers[f"{refusal.status} {refusal.code}"] += 1
            raise
        except json.JSONDecodeError as error:
            self.answers[f"no JSON: {error.doc[:60]}"] += 1
            raise Refusal(method, path, 503, {"code": "NoJson"}) from error
        else:
            self.served_since = max(self.served_since, began)
            return answer
        finally:
            self.in_flight -= 1

    def receipts(self) -> dict[str, str]:
        """Title → number of every opinion that was answered with one."""
        return {a.body["title"]: a.answer["number"] for a in self.ledger.values() if a.path == OPINIONS and a.answer}


class Load:
    """Submits `rate` opinions a second until told to stop."""

    def __init__(self, api: Recorder, rate: float, prefix: str) -> None:
        self.api = api
        self.gave_up: Counter[str] = Counter()
        self._rate, self._prefix = rate, prefix
        self._next = FIRST
        self._begun = time.monotonic()
        self._stopped = asyncio.Event()

    async def run(self, suite: Suite) -> None:
        """Signs everybody in and works until `stop`; lifecycles under way are then finished."""
        memory = Memory(suite.data / "demo.json")
        desk = await self.api.sign_in(memory.of_role("desk")[0])
        departments = {a["organisation"]: await self.api.sign_in(a) for a in memory.of_role("department")}
        self._loop = Loop(self.api, Plan(desk, departments, memory.codes))
        self._messages = messages(400)
        self._begun = time.monotonic()
        await asyncio.gather(*(self._work() for _ in range(WORKERS)))

    def stop(self) -> None:
        """No new opinions from now on."""
        self._stopped.set()

    async def _work(self) -> None:
        while not self._stopped.is_set():
            number, self._next = self._next, self._next + 1
            due = (number - FIRST) / self._rate
            ahead = self._begun + due - time.monotonic()
            if ahead > 0:
                try:
                    await asyncio.wait_for(self._stopped.wait(), ahead)
                    return
                except TimeoutError:
                    pass
            else:
                # A rate that could not be held is not made up for by a flood.
                self._begun = max(self._begun, time.monotonic() - due - 5)
            await self._one(number)

    async def _one(self, number: int) -> None:
        words = self._messages[number % len(self._messages)]
        message = Message(f"{self._prefix}{number:06} {words.title}"[:200], words.text, words.reply)
        try:
            if number % WHOLE_LOOP == 0:
                await self._loop.through(number, message)
            else:
                await self._loop.submit(number, message)
        except (Refusal, TimeoutError) as error:
            # Bounded by the client's patience: what was answered until then stays in the ledger.
            path = str(error).partition("?")[0].split("/")[:4]
            self.gave_up[f"{error.status} {error.code}" if isinstance(error, Refusal) else f"waiting for {'/'.join(path)}"] += 1
