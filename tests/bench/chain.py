"""(c) The chain from intake's outbox through routing back to the stream, against the raw chain (`raw_chain`).

Ours is the services' own code in two processes, started as a container would start them, on their own databases: intake's
relay publishes, routing opens cases (inbox, case, history, search entry, outbox) and its relay publishes; intake follows
each case meanwhile, as in production. A run puts N events into the source's outbox while both processes are paused, lets
them go, and ends when the N events that the sink told are in the stream; `loop_s` is when the source has followed the
last of them too. Afterwards the rows are counted: each effect once.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from nats.js.errors import NotFoundError
from sqlalchemy import insert, text

from services.intake.models import Opinion
from shared.codec import headers_of
from shared.events import new_id
from shared.events.base import CORE
from shared.events.intake import OpinionClassified
from shared.settings import ROOT
from shared.tables import table_of
from tests.bench import raw_chain
from tests.bench.grounds import RAW, Grounds
from tests.bench.processes import Meter
from tests.bench.texts import words
from tests.kit import eventually

WITHIN = 120.0

_OF_THE_CHAIN = {"opinion_classified", "case_opened"}
"""Intake tells more in the meantime, of opinions that are alike."""


class Chain:
    """Two processes and how far they have come."""

    def __init__(self, grounds: Grounds, *, raw: bool) -> None:
        self._grounds, self.is_raw = grounds, raw
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    async def start(self) -> None:
        """Starts both processes and waits until both have their consumers."""
        wanted = self._grounds.raw() if self.is_raw else self._grounds.real()
        log = self._log
        with log.open("ab") as printed:
            for name, (command, env) in wanted.items():
                self._started[name] = subprocess.Popen(  # noqa: ASYNC220 - does not wait
                    [sys.executable, *command], cwd=ROOT, env=dict(env), stdin=subprocess.DEVNULL, stdout=printed, stderr=printed
                )
        client = await self._grounds.nats()
        consumers = ("raw_first", "raw_second") if self.is_raw else ("intake", "routing")
        deadline = time.monotonic() + WITHIN
        for name in consumers:
            while True:
                self.check()
                assert time.monotonic() < deadline, f"no consumer {name}: {self._log.read_text('utf-8')[-2000:]}"
                try:
                    if (await client.jetstream().consumer_info(self.stream, name)).num_waiting:
                        break
                except NotFoundError:
                    pass
                await asyncio.sleep(0.1)
        await client.close()

    @property
    def stream(self) -> str:
        """The stream both halves meet in."""
        return raw_chain.STREAM if self.is_raw else "EVENTS"

    @property
    def _log(self) -> Path:
        return self._grounds.settings.data / "logs" / ("raw.log" if self.is_raw else "real.log")

    def check(self) -> None:
        """Raises AssertionError with the end of what they printed when one has ended."""
        assert all(process.poll() is None for process in self._started.values()), self._log.read_text("utf-8")[-3000:]

    def stop(self) -> None:
        """Ends both."""
        for process in self._started.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self._started.values():
            process.wait(20)

    def signal(self, number: signal.Signals) -> None:
        """Pauses both or lets them go on."""
        for process in self._started.values():
            process.send_signal(number)

    def meter(self) -> Meter:
        """CPU time of both and of the servers."""
        backends = self._grounds.backends
        servers = {"nats": [backends.bus.pid], "postgres": [backends.database.pid]}
        return Meter({**{n: [p.pid] for n, p in self._started.items()}, **servers})  # type: ignore[dict-item]


async def run(grounds: Grounds, chain: Chain, number: int, seed: str) -> dict[str, Any]:
    """One run with `number` events: events per second, CPU ms an event. Raises AssertionError when one is lost or doubled."""
    client = await grounds.nats()
    stream = client.jetstream()

    async def stored() -> int:
        by_subject = (await stream.stream_info(chain.stream, subjects_filter=">")).state.subjects or {}
        return sum(count for subject, count in by_subject.items() if chain.is_raw or _OF_THE_CHAIN & set(subject.split(".")))

    events = _events(number, grounds.settings.site, seed)
    chain.signal(signal.SIGSTOP)
    before, effects = await stored(), await _effects(grounds, chain)
    await (_put_raw if chain.is_raw else _put_real)(grounds, events)
    meter, began = chain.meter(), time.perf_counter()
    chain.signal(signal.SIGCONT)
    while await stored() < before + 2 * number:
        chain.check()
        assert time.perf_counter() < began + WITHIN, f"{await stored() - before} of {2 * number} after {WITHIN} s"
        await asyncio.sleep(0.01)
    took = time.perf_counter() - began
    while (there := await _effects(grounds, chain))[1] < effects[1] + number:
        assert time.perf_counter() < began + WITHIN, "the source does not follow"
        await asyncio.sleep(0.05)
    whole, cpu = time.perf_counter() - began, meter.ms()
    assert await stored() == before + 2 * number
    assert there == (effects[0] + number, effects[1] + number), (effects, there)
    await eventually(lambda: _quiet(grounds, chain), within=WITHIN, what="nothing left to do")
    await client.close()
    return {
        "rate": round(number / took, 1),
        "seconds": round(took, 2),
        "loop_rate": round(number / whole, 1),
        "loop_s": round(whole, 2),
        "body_bytes": sum(len(e.model_dump_json()) for e in events[:100]) // 100,
        "cpu_ms_per_event": {name: round(ms / number, 4) for name, ms in cpu.items()},
    }


def _events(number: int, site: str, seed: str) -> list[OpinionClassified]:
    chance, found = random.Random(seed), []
    for _ in range(number):
        said = words(chance)
        found.append(
            OpinionClassified(
                site=site,
                opinion_id=new_id(),
                number=f"{site}-2026-{chance.getrandbits(40):08X}",
                region=site,
                title=said.title,
                text=said.text,
                category=None,
                confidence=0.0,
                source="none",
                target_id=new_id(),
                channel="station",
            )
        )
    return found


def _columns(events: list[OpinionClassified], subject: str = "") -> dict[str, Any]:
    """The events as columns of an outbox, under their own subjects or under one."""
    return {
        "ids": [event.id for event in events],
        "subjects": [subject or event.subject(event.site, CORE) for event in events],
        "headers": [orjson.dumps(headers_of(event, None)).decode() for event in events],
        "bodies": [event.model_dump_json().encode() for event in events],
    }


async def _put_real(grounds: Grounds, events: list[OpinionClassified]) -> None:
    """Opinions with their events in intake's outbox, committed as one."""
    at = datetime.now(UTC)
    async with grounds.connected("intake") as connection:
        for start in range(0, len(events), 2000):
            part = events[start : start + 2000]
            await connection.execute(insert(table_of(Opinion)), [_opinion(event, at) for event in part])
            await connection.execute(raw_chain.STORE_REAL, _columns(part))


async def _put_raw(grounds: Grounds, events: list[OpinionClassified]) -> None:
    """The same events in the raw chain's outbox."""
    async with grounds.connected(RAW[0]) as connection:
        for start in range(0, len(events), 2000):
            await connection.execute(raw_chain.STORE, _columns(events[start : start + 2000], raw_chain.FIRST))


def _opinion(event: OpinionClassified, at: datetime) -> dict[str, Any]:
    return {
        **event.model_dump(include={"number", "channel", "target_id", "region", "title", "text", "category", "confidence"}),
        "id": event.opinion_id,
        "lookup_salt": bytes(16),
        "lookup_hash": bytes(32),
        "code_id": event.target_id,
        "category_source": event.source,
        "profile_version": "bench",
        "submitted_at": at,
        "status": "accepted",
        "round": 1,
        "replied_round": 0,
        "status_version": 0,
        "status_at": at,
    }


async def _count(grounds: Grounds, role: str, sql: str) -> int:
    async with grounds.connected(role) as connection:
        return int((await connection.execute(text(sql))).scalar_one())


async def _effects(grounds: Grounds, chain: Chain) -> tuple[int, int]:
    """Effects in the sink and in the source."""
    if chain.is_raw:
        return await _count(grounds, RAW[1], "SELECT count(*) FROM effect"), await _count(grounds, RAW[0], "SELECT count(*) FROM effect")
    followed = await _count(grounds, "intake", "SELECT count(*) FROM opinion WHERE case_id IS NOT NULL")
    return await _count(grounds, "routing", "SELECT count(*) FROM cases"), followed


async def _quiet(grounds: Grounds, chain: Chain) -> bool:
    """Whether nothing is left to do, the search index included."""
    if chain.is_raw:
        return not await _count(grounds, RAW[0], "SELECT count(*) FROM outbox")
    return not await _count(grounds, "routing", "SELECT count(*) FROM case_search WHERE grams IS NULL")
