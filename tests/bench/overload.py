"""(e) Three times more submits than the suite can take, for a minute: each one is kept, or told to come again.

The load is open: a request is sent at its moment, whatever became of those before it. A request is accepted (201), or told
429 or 503 with Retry-After; anything else is a fault. Then a light load of ten a second tells when answers are as quick as
they were before. Once all is at rest, each accepted number must be one opinion and one case, and no other may be there.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.bench.client import Client, NoAnswer
from tests.bench.lifecycle import quantiles
from tests.bench.place import Place
from tests.bench.texts import words
from tests.kit import eventually

PROBES, PROBE_RATE = 30, 10
IN_A_ROW = 10
"""So many probes in a row, accepted and within twice the 95th percentile from before, are a recovery: it is dated by the first."""
PATIENCE = 60.0


@dataclass
class Outcome:
    """What became of the requests."""

    numbers: list[str] = field(default_factory=list)
    told: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    took: list[float] = field(default_factory=list)


class Load:
    """Sends submits on as many connections as it takes."""

    def __init__(self, place: Place, seed: str) -> None:
        self._place, self._chance, self._idle = place, random.Random(seed), list[Client]()
        self._codes = place.codes()

    async def one(self, into: Outcome) -> bool:
        """One submit; whether it was accepted."""
        client = self._idle.pop() if self._idle else Client(self._place.url)
        said, began = words(self._chance), time.perf_counter()
        body = {"code": self._chance.choice(self._codes), "title": said.title, "text": said.text}
        key = str(UUID(int=self._chance.getrandbits(128)))
        try:
            answer = await client.call("POST", "/api/intake/opinions", body, idempotency_key=key)
        except NoAnswer as error:
            into.faults.append(f"no answer: {error}")
            return False
        self._idle.append(client)
        if answer.status == 201:
            into.took.append(time.perf_counter() - began)
            into.numbers.append(answer.json()["number"])
            return True
        if answer.status in (429, 503) and answer.retry_after:
            into.told[answer.status] += 1
        else:
            into.faults.append(f"{answer.status}, Retry-After {answer.retry_after!r}: {answer.body[:150]!r}")
        return False

    async def offer(self, rate: float, seconds: float, into: Outcome) -> list[asyncio.Task[bool]]:
        """Sends `rate` submits a second; returns once the last has been sent, with all that await their answers."""
        began, tasks = time.perf_counter(), []
        for n in range(int(rate * seconds)):
            # Behind its time it still lets the answers in, now and then.
            if (ahead := began + n / rate - time.perf_counter()) > 0 or n % 50 == 0:
                await asyncio.sleep(max(0.0, ahead))
            tasks.append(asyncio.create_task(self.one(into)))
        return tasks

    async def recovery(self, into: Outcome, usual_ms: float) -> float:
        """Seconds until IN_A_ROW probes began to be as quick as before; PATIENCE when they never were."""
        began = time.perf_counter()
        row: list[float] = []
        while len(row) < IN_A_ROW and (sent := time.perf_counter()) < began + PATIENCE:
            is_quick = await self.one(into) and (time.perf_counter() - sent) * 1000 <= usual_ms
            row = [*row, sent] if is_quick else []
            await asyncio.sleep(1 / PROBE_RATE)
        return row[0] - began if len(row) == IN_A_ROW else PATIENCE

    def close(self) -> None:
        """Ends all connections."""
        for client in self._idle:
            client.close()


async def overload(place: Place, rate: float, seconds: float, seed: str) -> dict[str, Any]:
    """One run at `rate` submits a second for `seconds`."""
    known = await _numbers(place, "intake", "opinion")
    load, before, during, after = Load(place, seed), Outcome(), Outcome(), Outcome()
    await asyncio.gather(*await load.offer(PROBE_RATE, PROBES / PROBE_RATE, before))
    usual = quantiles(before.took)
    meter, began = place.meter(), time.perf_counter()
    waiting = await load.offer(rate, seconds, during)
    took, cpu = time.perf_counter() - began, meter.ms()
    recovery = await load.recovery(after, usual["p95_ms"] * 2)
    await asyncio.gather(*waiting)
    load.close()
    accepted = before.numbers + during.numbers + after.numbers
    lost, doubled, strange = await _compare(place, accepted, known)
    faults = before.faults + during.faults + after.faults
    return {
        "wanted_rate": round(rate, 1),
        "offered_rate": round(len(waiting) / took, 1),
        "sent": len(waiting),
        "accepted": len(during.numbers),
        "accepted_rate": round(len(during.numbers) / took, 1),
        "told": {str(status): number for status, number in during.told.items()},
        "faults": len(faults),
        "first_fault": faults[0] if faults else None,
        "accepted_ms": quantiles(during.took),
        "before_ms": usual,
        "recovery_s": round(recovery, 2),
        "lost": lost,
        "doubled": doubled,
        "not_accepted_yet_there": strange,
        "cpu_percent_of_a_core": {name: round(ms / 10 / took) for name, ms in cpu.items()},
    }


async def _numbers(place: Place, service: str, table: str) -> Counter[str]:
    return Counter(
        {row.number: row.n for row in await place.suite.query(service, f'SELECT number, count(*) AS n FROM "{table}" GROUP BY number')}
    )


async def _compare(place: Place, accepted: list[str], known: Counter[str]) -> tuple[int, int, int]:
    """Of what was accepted: lost, doubled; and numbers that are there though nobody was told so. Waits for the cases."""
    answers = Counter(accepted)

    async def all_opened() -> Any:
        cases = await _numbers(place, "routing", "cases")
        return cases if answers.keys() <= cases.keys() else None

    try:
        cases = await eventually(all_opened, within=PATIENCE, what="a case for each accepted opinion")
    except AssertionError:
        cases = await _numbers(place, "routing", "cases")
    opinions = await _numbers(place, "intake", "opinion")
    lost = sum(1 for number in answers if not opinions[number] or not cases[number])
    doubled = sum(1 for found in (opinions, cases, answers) for number in answers if found[number] > 1)
    return lost, doubled, len(opinions.keys() - known.keys() - answers.keys())
