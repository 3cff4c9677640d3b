"""Looks at the suite from outside twice a second: what waits, and how long after a fault all is as before."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deploy.local.backends import Backends
from deploy.local.servers import SERVICES
from shared.bus import DEAD, EVENTS
from tests.chaos.load import Recorder
from tests.e2e.suite import Suite

EVERY = 0.5

_OUTBOX = text(
    "SELECT count(*) AS n, extract(epoch FROM clock_timestamp() - min(created_at)) AS age, (SELECT count(*) FROM kit_parked) AS parked "
    "FROM kit_outbox"
)


@dataclass(slots=True)
class Sample:
    """One look. `at` is when it began; `published_until`: whatever was decided before that moment is in the stream."""

    at: float
    published_until: float
    last_seq: int
    floors: dict[str, int]
    waiting: dict[str, int]
    outbox: int
    parked: int
    dead: int

    @property
    def at_rest(self) -> bool:
        return not (self.outbox or self.parked or any(self.waiting.values()))


@dataclass(slots=True)
class Fault:
    """A fault that was done and from which the suite has to recover."""

    name: str
    at: float
    sequence: int | None = None
    recovered_after: float | None = None


@dataclass
class Watch:
    """The samples, and the faults not yet recovered from."""

    suite: Suite
    api: Recorder
    faults: list[Fault] = field(default_factory=list)
    last: Sample | None = None
    missed: int = 0

    async def open(self) -> None:
        """Connects to the broker with the operator's rights and to each database with its service's."""
        backends = Backends(self.suite.settings, list(SERVICES))
        self.backends = backends
        self.engines: dict[str, AsyncEngine] = {
            name: create_async_engine(
                backends.database.url(name), pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args={"timeout": 3}
            )
            for name in SERVICES
        }
        self.client: Client = await nats.connect(
            backends.bus.url,
            nkeys_seed_str=backends.seed("operator"),
            connect_timeout=2,
            reconnect_time_wait=0.3,
            max_reconnect_attempts=-1,
            ping_interval=2,
            max_outstanding_pings=2,
            error_cb=_told,
        )

    async def close(self) -> None:
        """Ends all connections."""
        await self.client.close()
        for engine in self.engines.values():
            await engine.dispose()

    @property
    def in_flight(self) -> bool:
        """Whether work is under way: requests, outbox rows or messages."""
        fresh = self.last if self.last and time.monotonic() - self.last.at < 3 else None
        return bool(self.api.in_flight or (fresh and (fresh.outbox or any(fresh.waiting.values()))))

    async def run(self) -> None:
        """Looks until cancelled. What does not answer is looked at again."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                async with asyncio.timeout(5):
                    self.last = await self.look()
            except (SQLAlchemyError, OSError, TimeoutError, NatsError, JetStreamError):
                self.missed += 1
                continue
            self._judge(self.last)
            with (self.suite.data / "samples.log").open("a", encoding="utf-8") as file:
                file.write(json.dumps({"time": time.strftime("%H:%M:%S"), **asdict(self.last)}) + "\n")

    async def look(self) -> Sample:
        """One sample. Raises what the drivers raise while a server is away."""
        at = time.monotonic()
        ages, outbox, parked = [0.0], 0, 0
        for engine in self.engines.values():
            async with engine.connect() as connection:
                row = (await connection.execute(_OUTBOX)).one()
            # Rows are older than the moment they become visible at: a second is room for the transaction.
            ages.append(float(row.age or 0.0))
            outbox, parked = outbox + row.n, parked + row.parked
        stream = self.client.jetstream(timeout=2)
        last_seq = (await stream.stream_info(EVENTS)).state.last_seq
        floors, waiting = {}, {}
        for service in SERVICES:
            try:
                info = await stream.consumer_info(EVENTS, service)
            except nats.js.errors.NotFoundError:
                floors[service], waiting[service] = 0, 1  # deleted: whatever waits is not known
                continue
            floors[service] = info.ack_floor.stream_seq if info.ack_floor else 0
            waiting[service] = (info.num_pending or 0) + (info.num_ack_pending or 0)
        dead = (await stream.stream_info(DEAD)).state.messages
        return Sample(at, at - max(ages), last_seq, floors, waiting, outbox, parked, dead)

    def _judge(self, sample: Sample) -> None:
        """A fault is over when all that was decided before it has taken effect everywhere, and a later request was served."""
        for fault in self.faults:
            if fault.recovered_after is not None:
                continue
            if fault.sequence is None and sample.published_until >= fault.at:
                fault.sequence = sample.last_seq
            if fault.sequence is None or self.api.served_since < fault.at:
                continue
            if all(not sample.waiting[s] or sample.floors[s] >= fault.sequence for s in sample.waiting):
                fault.recovered_after = time.monotonic() - fault.at

    def slowest(self) -> Fault | None:
        """The fault that took longest to get over."""
        return max((f for f in self.faults if f.recovered_after is not None), key=lambda f: f.recovered_after or 0, default=None)

    async def rows(self, service: str, sql: str) -> list[Any]:
        """Rows of a service's database."""
        async with self.engines[service].connect() as connection:
            return list((await connection.execute(text(sql))).all())


async def _told(error: Exception) -> None:
    """nats-py prints every lost connection otherwise; losing it is the point here."""
