"""Where faults act: the real suite as `make run` starts it, on a broker that stays down when it is to stay down."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import nats
import psutil
from nats.aio.client import Client

from deploy.local.accounts import make_data_folder
from deploy.local.credentials import Credentials
from deploy.local.demo import Memory
from deploy.local.demo_client import Api
from deploy.local.demo_loop import Plan
from deploy.local.nats_server import DEFAULT_FILE_STORE, NatsServer
from deploy.local.servers import SERVICES
from deploy.reconcile import Sources
from shared import crash
from tests.e2e.conftest import load_demo
from tests.e2e.suite import Suite, folder_of_marks
from tests.faults.pace import Pace
from tests.faults.proxy import Proxy
from tests.faults.pulse import pulse
from tests.faults.residents import PATIENCE, Receipts, Residents, plan_of
from tests.kit import eventually

SCALE = "routing=2"
POINTS = tuple(f"{service}:{point}" for service in SERVICES for point in crash.POINTS)


class Arena:
    """One running suite, its broker, the proxy before it, and the people who use it."""

    def __init__(self, name: str, pace: Pace, seed: int) -> None:
        self.pace = pace
        self.chance = random.Random(seed)
        self.receipts = Receipts()
        self.recoveries: list[float] = []
        self.poison: set[str] = set()
        """Ids of messages that must be dead letters of every service, and stay so."""
        self._numbers = count(2)
        self._plan: Plan
        self.proxy = Proxy(lambda: self.broker.port, seed)
        self.suite = Suite(name, SCALE, **pace.settings, LIANXIN_NATS_URL=self.proxy.url)
        self._api = Api(self.suite.url, PATIENCE)
        data = self.suite.data
        # Every point is armed by taking its mark away.
        self.suite._environment |= {"LIANXIN_CRASH_AT": ",".join(POINTS), "LIANXIN_CRASH_MARKS": str(data / "marks")}
        self.credentials = Credentials(data / "secrets")
        self.broker = NatsServer(data, self.suite.settings.site, self.credentials, port=0, max_file_store=DEFAULT_FILE_STORE)

    async def start(self) -> None:
        """Starts everything and loads the demo place."""
        make_data_folder(self.suite.data)
        for point in POINTS:
            self._mark(point).touch()
        await self.broker_up()
        await asyncio.to_thread(self.suite.start)
        await asyncio.to_thread(load_demo, self.suite, 2)
        self.receipts.before = await self.opinions()
        await self._api.__aenter__()
        self._plan = await plan_of(self._api, Memory(self.suite.data / "demo.json"))

    async def remove(self) -> None:
        """Ends whatever is left and takes the folder away."""
        with suppress(psutil.Error, KeyError, TypeError):
            self.thaw_all()
        if hasattr(self, "_plan"):
            await self._api.__aexit__(None, None, None)
        process = self.suite._process
        if process is not None and process.poll() is None:
            await asyncio.to_thread(self.suite.stop)
        await self.proxy.stop()
        await asyncio.to_thread(self.broker.stop)
        self.suite.remove()

    @asynccontextmanager
    async def load(self) -> AsyncIterator[Residents]:
        """Residents, desk and departments at work until the block ends."""
        async with Residents(self._api, self._plan, self.pace, self.receipts, self._numbers) as residents:
            yield residents

    # Faults of processes

    def pids(self, service: str) -> list[int]:
        """The living processes of a service."""
        return [pid for pid in self.suite.pids(service) if psutil.pid_exists(pid)]

    def send(self, pids: Iterable[int], number: signal.Signals) -> int:
        """Sends a signal to processes; how many were there to get it."""
        got = 0
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
                got += 1
        return got

    def thaw_all(self) -> None:
        """Lets every frozen process of the suite go on."""
        for service in (*SERVICES, "gateway"):
            self.send(self.pids(service), signal.SIGCONT)
        self.postgres(signal.SIGCONT)

    async def again(self, service: str, before: Iterable[int]) -> list[int]:
        """The new process of a service after one of `before` has died."""
        known = set(before)
        found: list[int] = await eventually(self._new_pids(service, known), within=60, what=f"{service} started again")
        return found

    def _new_pids(self, service: str, known: set[int]) -> Callable[[], Any]:
        async def look() -> list[int]:
            return [pid for pid in self.pids(service) if pid not in known]

        return look

    async def dies_at(self, point: str) -> None:
        """Waits for a process to die at `<service>:<point>`, at the next passage under the load at hand."""
        mark = self._mark(point)
        mark.unlink()

        async def died() -> bool:
            return mark.exists()

        await eventually(died, within=self.pace.patience, what=f"a death at {point}")

    def _mark(self, point: str) -> Path:
        return folder_of_marks(self.suite) / point.replace(":", "-")

    # Faults of the servers

    async def broker_down(self) -> None:
        """Kills the broker; its port refuses until `broker_up`."""
        await asyncio.to_thread(self.broker.daemon.kill)
        await self.proxy.stop()

    async def broker_up(self) -> None:
        """Starts the broker on the port that it had."""
        await asyncio.to_thread(self.broker.start)
        await self.proxy.start()

    def postgres(self, number: signal.Signals) -> None:
        """Sends a signal to PostgreSQL with all its connections."""
        main = psutil.Process(self.suite.state()["postgres_pid"])
        for process in (main, *main.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    @asynccontextmanager
    async def session(self, service: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection to a service's database with its own credentials, outside the service."""
        connection = await asyncpg.connect(self.sources.databases[service].replace("+asyncpg", ""))
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[Client]:
        """A connection to the broker with the operator's rights, past the proxy."""
        client = await nats.connect(self.broker.url, nkeys_seed_str=self.credentials.seed("operator"))
        try:
            yield client
        finally:
            await client.close()

    # What is seen from outside

    async def flows(self) -> None:
        """Waits until every service has said that its work flows."""
        async with self.pulse() as felt:
            felt.flow.clear()

            async def green() -> bool:
                return sum(200 in statuses for statuses in felt.flow.values()) == len(SERVICES)

            await eventually(green, within=self.pace.patience, what="every flow green")

    @property
    def sources(self) -> Sources:
        """Where the checkers look."""
        return Sources.of(self.suite.settings)

    def pulse(self) -> Any:
        """Feels every service's pulse until the block ends."""
        ports = {name: value["port"] for name, value in self.suite.state()["services"].items() if name != "gateway"}
        return pulse(ports)

    async def fetch(self, service: str, sql: str) -> list[Any]:
        """Rows of a service's database."""
        async with self.session(service) as session:
            return list(await session.fetch(sql))

    async def opinions(self) -> set[str]:
        """Numbers of all opinions that intake holds."""
        return {row["number"] for row in await self.fetch("intake", "SELECT number FROM opinion")}

    async def effects(self) -> int:
        """How many effects the services' inboxes say there have been."""
        return sum([(await self.fetch(service, "SELECT count(*) FROM kit_inbox"))[0][0] for service in SERVICES])

    async def recovers(self, people: Residents) -> float:
        """Called when the fault has ended: seconds until a message sent now has become a case. Kept for the report."""
        ended = time.monotonic()
        took = await self.until_case(await people.one()) - ended
        self.recoveries.append(took)
        return took

    async def waits_for_lock(self, session: asyncpg.Connection, number: int = 1, statement: str = "%") -> None:
        """Waits until so many transactions of a service stand before a lock. `session` is one of the same database."""
        sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1"

        async def waiting() -> bool:
            await session.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction the first look would stand
            return bool(await session.fetchval(sql, statement) >= number)

        await eventually(waiting, within=self.pace.patience, what=f"{number} transactions before a lock")

    async def until_case(self, number: str, within: float | None = None) -> float:
        """Waits until routing holds the case of an opinion; when that was, by the monotonic clock."""
        async with self.session("routing") as session:

            async def there() -> bool:
                return bool(await session.fetchval("SELECT true FROM cases WHERE number = $1", number))

            await eventually(there, within=within or self.pace.patience, what=f"a case of {number}")
        return time.monotonic()


@asynccontextmanager
async def running(name: str, pace: Pace, seed: int) -> AsyncIterator[Arena]:
    """A started arena that is taken away afterwards."""
    arena = Arena(name, pace, seed)
    try:
        await arena.start()
        yield arena
    finally:
        await arena.remove()
