"""(a) A case's life through the gateway: CREATE, wait for the case, ASSIGN, ACCEPT, REPLY, SEARCH."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID

from tests.bench.client import Answer, Client, NoAnswer
from tests.bench.place import Place
from tests.bench.texts import REPLY, words

WARM_UP = 1.0
"""Seconds of load before the counting begins."""
POLL = (0.010, 0.015, 0.022, 0.033, 0.050)
"""Seconds between looks for the new case, the last one again and again; a page that polled without end would be the load."""
PATIENCE = 30.0


class Wrong(Exception):
    """An answer that is not what it should be: the run is void."""


@dataclass
class Tally:
    """What the clients of one run saw. Durations in seconds."""

    begins: float
    ends: float
    lives: list[float] = field(default_factory=list)
    steps: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    all_lives: int = 0
    polls: int = 0


class Clerk:
    """One client that takes one case after the other through its life."""

    def __init__(self, place: Place, desk: dict[str, str], department: tuple[str, dict[str, str]], seed: str, tally: Tally) -> None:
        self._client, self._desk, self._department, self._tally = Client(place.url), desk, department, tally
        self._codes, self._chance = place.codes(), random.Random(seed)

    async def work(self) -> None:
        """Until the time is over."""
        while (now := time.perf_counter()) < self._tally.ends:
            try:
                await self._life()
            except (Wrong, NoAnswer) as error:
                self._tally.errors.append(str(error)[:300])
                await asyncio.sleep(0.05)
                continue
            done = time.perf_counter()
            self._tally.all_lives += 1
            if self._tally.begins <= done <= self._tally.ends:
                self._tally.lives.append(done - now)
        self._client.close()

    async def _life(self) -> None:
        said, (organisation, department) = words(self._chance), self._department
        body = {"code": self._chance.choice(self._codes), "title": said.title, "text": said.text}
        opinion = (await self._step("create", 201, "POST", "/api/intake/opinions", body, idempotency_key=self._key())).json()
        case = await self._case(opinion["number"])
        case = await self._act(case, "assign", {"lead": organisation}, self._desk)
        case = await self._act(case, "accept", None, department)
        await self._act(case, "reply", {"class": "A", "text": REPLY, "signer": "承办人"}, department)
        found = (await self._step("search", 200, "GET", f"/api/routing/cases?q={quote(said.search)}", **self._desk)).json()
        if opinion["number"] not in [item["number"] for item in found["items"]]:
            raise Wrong(f"search does not find {opinion['number']}")

    async def _case(self, number: str) -> dict[str, Any]:
        began, look = time.perf_counter(), 0
        while time.perf_counter() < began + PATIENCE:
            await asyncio.sleep(POLL[min(look, len(POLL) - 1)])
            look += 1
            page = (await self._step("poll", 200, "GET", f"/api/routing/cases?q={number}&limit=1", **self._desk)).json()
            if page["items"]:
                self._tally.polls += look
                self._tally.steps["wait"].append(time.perf_counter() - began)
                case: dict[str, Any] = page["items"][0]
                return case
        raise Wrong(f"no case for {number} within {PATIENCE} s")

    async def _act(self, case: dict[str, Any], action: str, body: Any, who: dict[str, str]) -> dict[str, Any]:
        headers = {**who, "if_match": str(case["version"]), "idempotency_key": self._key()}
        found: dict[str, Any] = (await self._step(action, 200, "POST", f"/api/routing/cases/{case['id']}/{action}", body, **headers)).json()
        return found

    async def _step(self, name: str, status: int, method: str, path: str, data: Any = None, **headers: str) -> Answer:
        began = time.perf_counter()
        answer = await self._client.call(method, path, data, **headers)
        self._tally.steps[name].append(time.perf_counter() - began)
        if answer.status != status:
            raise Wrong(f"{name}: {answer.status} {answer.body[:200]!r}")
        return answer

    def _key(self) -> str:
        return str(UUID(int=self._chance.getrandbits(128)))


async def lifecycles(place: Place, clients: int, seconds: float, seed: str) -> dict[str, Any]:
    """One run: what was counted, in lives per second and milliseconds, and CPU ms a life of each process."""
    desk = await place.sign_in("desk")
    departments = [(name, await place.sign_in("department", name)) for name in place.departments()]
    begins = time.perf_counter() + WARM_UP
    tally = Tally(begins, begins + seconds)
    meter = place.meter()
    clerks = [Clerk(place, desk, departments[n % len(departments)], f"{seed}/{n}", tally) for n in range(clients)]
    await asyncio.gather(*(clerk.work() for clerk in clerks))
    cpu = meter.ms()
    return {
        "rate": round(len(tally.lives) / seconds, 2),
        **quantiles(tally.lives),
        "lives": len(tally.lives),
        "errors": len(tally.errors),
        "first_error": tally.errors[0] if tally.errors else None,
        "polls_per_life": round(tally.polls / max(1, tally.all_lives), 2),
        "steps": {name: quantiles(values) for name, values in tally.steps.items()},
        "cpu_ms_per_life": {name: round(ms / max(1, tally.all_lives), 2) for name, ms in cpu.items()},
    }


def quantiles(seconds: list[float]) -> dict[str, float]:
    """p50, p95 and p99 in ms."""
    ordered = sorted(seconds)
    if not ordered:
        return {"p50_ms": 0.0, "p95_ms": 0.0, "p99_ms": 0.0}
    return {f"p{q}_ms": round(ordered[min(len(ordered) - 1, len(ordered) * q // 100)] * 1000, 2) for q in (50, 95, 99)}
