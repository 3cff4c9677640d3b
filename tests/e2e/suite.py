"""The real suite, started as `make run` starts it, in a folder of its own: for tests that look at it from outside."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from deploy.local.backends import Backends
from deploy.local.servers import SERVICES
from deploy.local.settings import RunSettings
from shared.settings import ROOT

STARTS_WITHIN = 240.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Suite:
    """A running suite. `environment` goes to every process of it; `program` is the module that runs it."""

    def __init__(self, name: str, scale: str = "", program: str = "deploy.local", **environment: str) -> None:
        self.data = ROOT / f".data-e2e-{name}-{os.getpid()}"
        self.settings = RunSettings(data=self.data, port=free_port(), demo=False)
        self._scale, self._program = scale, program
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.settings.url

    def add_environment(self, **more: str) -> None:
        """What its processes are started with from now on."""
        self._environment |= more

    @property
    def environment(self) -> dict[str, str]:
        """What its commands are run with."""
        own = {"LIANXIN_DATA": str(self.data), "LIANXIN_PORT": str(self.settings.port), "LIANXIN_DEMO": "false", **self._environment}
        return {name: value for name, value in {**os.environ, **own}.items() if name != "LIANXIN_MASTER_KEY"}

    def start(self, within: float = STARTS_WITHIN) -> None:
        """Starts it and returns once it is ready. Raises AssertionError with what it printed when that is not `within` seconds."""
        self.data.mkdir(exist_ok=True)
        with (self.data / "printed.log").open("ab") as printed:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._program, "run", "--scale", self._scale],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
                start_new_session=True,
            )
        deadline = time.monotonic() + within
        while not self.state().get("ready"):
            assert self._process.poll() is None and time.monotonic() < deadline, (self.data / "printed.log").read_text("utf-8")[-3000:]
            time.sleep(0.05)

    def stop(self) -> int:
        """Stops it as Ctrl-C does; the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(120)

    def remove(self) -> None:
        """Ends whatever is left of it and takes its folder away."""
        if self._process is not None and self._process.poll() is None:
            self.stop()
        shutil.rmtree(self.data, ignore_errors=True)

    def state(self) -> dict[str, Any]:
        """What the supervisor wrote last."""
        try:
            found: dict[str, Any] = json.loads((self.data / "run" / "state.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def pids(self, service: str) -> list[int]:
        """The processes of a service."""
        return [int(replica["pid"]) for replica in self.state()["services"][service]["replicas"] if replica.get("pid")]

    def log(self, service: str) -> str:
        """What a service logged."""
        return (self.data / "logs" / f"{service}.log").read_text("utf-8")

    @asynccontextmanager
    async def connection(self, service: str) -> AsyncIterator[AsyncConnection]:
        """A connection to a service's database, with its own credentials."""
        engine = create_async_engine(Backends(self.settings, list(SERVICES)).database.url(service))
        try:
            async with engine.connect() as connection:
                yield connection
        finally:
            await engine.dispose()

    async def query(self, service: str, sql: str, **values: Any) -> list[Any]:
        """Rows of a service's database."""
        async with self.connection(service) as connection:
            return list((await connection.execute(text(sql), values)).all())

    async def waiting(self) -> int:
        """How many events wait in outboxes and parkings, and before or with consumers."""
        backends = Backends(self.settings, list(SERVICES))
        rows = [await self.query(s, "SELECT (SELECT count(*) FROM kit_outbox) + (SELECT count(*) FROM kit_parked)") for s in SERVICES]
        client = await nats.connect(backends.bus.url, nkeys_seed_str=backends.seed("operator"))
        try:
            infos = [info for info in await client.jetstream().consumers_info("EVENTS") if info.name in SERVICES]
        finally:
            await client.close()
        return sum(int(n) for ((n,),) in rows) + sum((info.num_pending or 0) + (info.num_ack_pending or 0) for info in infos)

    async def counts(self) -> dict[str, dict[str, int]]:
        """How many rows each business table of each service has."""
        found: dict[str, dict[str, int]] = {}
        listing = (
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
            "AND tablename NOT LIKE 'kit\\_%' AND tablename NOT LIKE '%migration'"
        )
        kit = "SELECT (SELECT count(*) FROM kit_answer) AS answers"
        for service in SERVICES:
            async with self.connection(service) as connection:
                tables = (await connection.execute(text(listing))).scalars()
                counted = " UNION ALL ".join(f"SELECT '{t}' AS name, count(*) AS n FROM \"{t}\"" for t in tables)
                found[service] = {row.name: row.n for row in await connection.execute(text(counted))}
                found[service] |= (await connection.execute(text(kit))).one()._asdict()
        return found


def folder_of_marks(suite: Suite) -> Path:
    """Where crash points leave their marks."""
    folder = suite.data / "marks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
