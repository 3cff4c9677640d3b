"""Does one fault after the other, as planned, and counts the kills that hit work in flight."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.nats_server import NatsServer
from deploy.local.postgres import SUPERUSER, Postgres
from shared.bus import EVENTS
from tests.chaos.messages import Messages
from tests.chaos.plan import Step, crash_points
from tests.chaos.watch import Fault, Watch

CRASHES_WITHIN = 8.0
"""Seconds that an armed crash point waits for somebody to pass it."""


@dataclass(frozen=True, slots=True)
class Kill:
    """A process that was killed; `counts` when requests, outbox or stream had work under way at that moment."""

    at: float
    what: str
    counts: bool


class Faults:
    """The hands of a run. `marks` is the folder in which a missing file arms a crash point."""

    def __init__(self, watch: Watch, marks: Path, messages: Messages) -> None:
        self.kills: list[Kill] = []
        self.done: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self._watch, self._marks, self._messages = watch, marks, messages
        self._stopped: list[psutil.Process] = []
        self._begun = time.monotonic()
        self._database_free = asyncio.Lock()
        self._deeds: dict[str, Callable[[Step], Awaitable[bool]]] = {
            "kill": self._kill,
            "kill_all": self._kill_all,
            "crash": self._crash,
            "kill_broker": self._kill_broker,
            "kill_database": self._kill_database,
            "kill_connection": self._kill_connection,
            "terminate": self._terminate,
            "pause": self._pause,
            "pause_broker": self._pause_broker,
            "pause_database": self._pause_database,
            "cut_connections": self._cut_connections,
            "delete_consumer": self._delete_consumer,
            "duplicate": messages.duplicate,
            "stale": messages.stale,
            "poison": messages.poison,
        }

    def disarm(self) -> None:
        """All crash points off: each is off while its mark is there."""
        for point in crash_points():
            (self._marks / point.replace(":", "-")).touch()

    async def run(self, steps: list[Step]) -> None:
        """Does each step at its time, also while an earlier one goes on."""
        self._begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for step in steps:
                await asyncio.sleep(max(0.0, self._begun + step.at - time.monotonic()))
                group.create_task(self._perform(step))

    def release(self) -> None:
        """Lets everything that is paused go on, and kills nobody any more."""
        self.disarm()
        for process in self._stopped:
            with contextlib.suppress(psutil.Error):
                process.resume()

    async def _perform(self, step: Step) -> None:
        try:
            async with asyncio.timeout(20):
                done = await self._deeds[step.fault](step)
        except (TimeoutError, OSError, SQLAlchemyError, NatsError, JetStreamError, psutil.Error):
            done = False  # the server that it needs is away just now: by another fault
        (self.done if done else self.missed)[step.fault] += 1
        with (self._watch.suite.data / "faults.log").open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {step} {'done' if done else 'missed'}\n")

    def _happened(self, step: Step) -> None:
        self._watch.faults.append(Fault(f"{step.fault} {step.target}", time.monotonic()))

    def _note_kill(self, step: Step, what: str, counts: bool) -> None:
        self.kills.append(Kill(round(time.monotonic() - self._begun, 2), what, counts))
        self._happened(step)

    def _replicas(self, service: str) -> list[psutil.Process]:
        """The living processes of a service: children of the run's own supervisor, for a pid may have passed to a stranger."""
        state = self._watch.suite.state()
        found = []
        for pid in self._watch.suite.pids(service):
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                if process.ppid() == state["pid"] and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    async def _one_of(self, step: Step) -> psutil.Process | None:
        """A process of the service, awaited for a while when all of them are just being started."""
        for _ in range(20):
            if found := self._replicas(step.target):
                return found[step.pick % len(found)]
            await asyncio.sleep(0.1)
        return None

    async def _kill(self, step: Step) -> bool:
        process = await self._one_of(step)
        if process is None:
            return False
        counts = self._watch.in_flight
        process.kill()
        self._note_kill(step, step.target, counts)
        return True

    async def _kill_all(self, step: Step) -> bool:
        counts, found = self._watch.in_flight, self._replicas(step.target)
        for process in found:
            process.kill()
            self._note_kill(step, step.target, counts)
        return bool(found)

    async def _crash(self, step: Step) -> bool:
        mark = self._marks / step.target.replace(":", "-")
        with contextlib.suppress(FileNotFoundError):
            mark.unlink()
        deadline = time.monotonic() + CRASHES_WITHIN
        while time.monotonic() < deadline:
            if mark.exists():
                self._note_kill(step, step.target, self._watch.in_flight)
                return True
            await asyncio.sleep(0.02)
        try:
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            self._note_kill(step, step.target, self._watch.in_flight)
            return True
        return False

    async def _terminate(self, step: Step) -> bool:
        process = await self._one_of(step)
        if process is None:
            return False
        process.terminate()
        self._happened(step)
        return True

    async def _pause(self, step: Step) -> bool:
        process = await self._one_of(step)
        if process is None:
            return False
        self._happened(step)
        await self._hold([process], step.seconds)
        return True

    async def _hold(self, processes: list[psutil.Process], seconds: float) -> None:
        self._stopped += processes
        try:
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.suspend()
            await asyncio.sleep(seconds)
        finally:
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()
                self._stopped.remove(process)

    def _tree(self, server: NatsServer | Postgres) -> Iterator[psutil.Process]:
        if server.pid is not None:
            process = psutil.Process(server.pid)
            yield process
            yield from process.children(recursive=True)

    @property
    def _broker(self) -> NatsServer:
        assert isinstance(self._watch.backends.bus, NatsServer)
        return self._watch.backends.bus

    @property
    def _database(self) -> Postgres:
        assert isinstance(self._watch.backends.database, Postgres)
        return self._watch.backends.database

    async def _kill_broker(self, step: Step) -> bool:
        return self._kill_server(step, self._broker)

    def _kill_server(self, step: Step, server: NatsServer | Postgres) -> bool:
        counts, pid = self._watch.in_flight, server.pid
        if pid is None:
            return False
        os.kill(pid, signal.SIGKILL)
        self._note_kill(step, step.target, counts)
        return True

    async def _kill_database(self, step: Step) -> bool:
        async with self._database_free:
            return self._kill_server(step, self._database)

    async def _kill_connection(self, step: Step) -> bool:
        """One server process of PostgreSQL: it then ends all others and recovers, for shared memory may be damaged."""
        async with self._database_free:
            backends = [p for p in self._tree(self._database) if "[local]" in " ".join(p.cmdline())]
            if not backends:
                return False
            counts = self._watch.in_flight
            backends[step.pick % len(backends)].kill()
            self._note_kill(step, "connection", counts)
            return True

    async def _pause_broker(self, step: Step) -> bool:
        tree = list(self._tree(self._broker))
        if tree:
            self._happened(step)
        await self._hold(tree, step.seconds)
        return bool(tree)

    async def _pause_database(self, step: Step) -> bool:
        async with self._database_free:
            tree = list(self._tree(self._database))
            if tree:
                self._happened(step)
            await self._hold(tree, step.seconds)
            return bool(tree)

    async def _cut_connections(self, step: Step) -> bool:
        engine = create_async_engine(self._database.url(SUPERUSER), connect_args={"timeout": 3})
        try:
            async with engine.connect() as connection:
                cut = text("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = :role")
                number = (await connection.execute(cut, {"role": step.target})).scalar_one()
        finally:
            await engine.dispose()
        self._happened(step)
        return bool(number)

    async def _delete_consumer(self, step: Step) -> bool:
        await self._watch.client.jetstream(timeout=2).delete_consumer(EVENTS, step.target)
        self._happened(step)
        return True
