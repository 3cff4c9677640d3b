"""(b) Submitting an opinion through the gateway, against the control in the same run.

The same clients, bodies and PostgreSQL for both. `submit` sends an `Idempotency-Key` as the product's own pages do;
`unkeyed` leaves it out, as the control has none. The suite stays up, idle, while the control runs.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.credentials import Credentials
from deploy.local.postgres import SUPERUSER, Postgres
from shared.settings import ROOT
from tests.bench.client import Client, NoAnswer
from tests.bench.lifecycle import WARM_UP, quantiles
from tests.bench.place import Place
from tests.bench.processes import Meter
from tests.bench.texts import words
from tests.e2e.suite import free_port

ROLE = "bench"


class Control:
    """The control's process, on a database of its own in the given PostgreSQL."""

    def __init__(self, postgres: Postgres, credentials: Credentials) -> None:
        self._postgres, self._password = postgres, credentials.password(ROLE)
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Makes the database and returns once the process answers."""
        engine = create_async_engine(self._postgres.url(SUPERUSER), isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            if not (await connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = 'bench'"))).scalar():
                await connection.execute(text(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{self._password}'"))
                await connection.execute(text(f"CREATE DATABASE {ROLE} OWNER {ROLE}"))
        await engine.dispose()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        dsn = self._postgres.url(ROLE).replace("+asyncpg", "")
        command = [sys.executable, "-m", "tests.bench.control", str(port)]
        self._process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "BENCH_DSN": dsn})  # noqa: ASYNC220 - does not wait
        client, deadline = Client(self.url), time.monotonic() + 30
        while True:
            try:
                await client.call("GET", "/openapi.json")
                break
            except NoAnswer:
                assert time.monotonic() < deadline and self._process.poll() is None, "the control does not start"
                await asyncio.sleep(0.1)
        client.close()

    @property
    def pid(self) -> int:
        """Of its one process."""
        assert self._process is not None
        return self._process.pid

    async def rows(self) -> int:
        """How many rows it has inserted."""
        engine = create_async_engine(self._postgres.url(ROLE))
        async with engine.connect() as connection:
            found: int = (await connection.execute(text("SELECT count(*) FROM message"))).scalar_one()
        await engine.dispose()
        return found

    def stop(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)


@dataclass(frozen=True)
class Target:
    """Where submits go: `rows` counts what is kept there, `processes` are those that are at work."""

    url: str
    path: str
    keyed: bool
    rows: Callable[[], Awaitable[int]]
    processes: dict[str, list[int]]


def suite_target(place: Place, *, keyed: bool) -> Target:
    """The suite's gateway."""

    async def rows() -> int:
        return int((await place.suite.query("intake", "SELECT count(*) FROM opinion"))[0][0])

    return Target(place.url, "/api/intake/opinions", keyed, rows, place.processes())


def control_target(control: Control, postgres: list[int]) -> Target:
    """The control; `postgres` is the server's main pid."""
    return Target(control.url, "/messages", False, control.rows, {"control": [control.pid], "postgres": postgres})


async def submits(target: Target, codes: Sequence[str], clients: int, seconds: float, seed: str) -> dict[str, Any]:
    """One run: requests per second, quantiles in ms, CPU ms a request, and how many rows are there for how many answers."""
    begins = time.perf_counter() + WARM_UP
    ends = begins + seconds
    took: list[float] = []
    errors: list[str] = []
    answered = 0

    async def work(number: int) -> None:
        nonlocal answered
        client, chance = Client(target.url), random.Random(f"{seed}/{number}")
        while (now := time.perf_counter()) < ends:
            said = words(chance)
            body = {"code": chance.choice(codes), "title": said.title, "text": said.text}
            key = {"idempotency_key": str(UUID(int=chance.getrandbits(128)))} if target.keyed else {}
            try:
                answer = await client.call("POST", target.path, body, **key)
            except NoAnswer as error:
                errors.append(str(error))
                continue
            if answer.status != 201:
                errors.append(f"{answer.status} {answer.body[:200]!r}")
                continue
            answered += 1
            if begins <= (done := time.perf_counter()) <= ends:
                took.append(done - now)
        client.close()

    before, meter = await target.rows(), Meter(target.processes)
    await asyncio.gather(*(work(n) for n in range(clients)))
    cpu = meter.ms()
    if (kept := await target.rows() - before) != answered:
        errors.append(f"{answered} answers and {kept} rows")
    return {
        "rate": round(len(took) / seconds, 2),
        **quantiles(took),
        "requests": answered,
        "errors": len(errors),
        "first_error": errors[0] if errors else None,
        "cpu_ms_per_request": {name: round(ms / max(1, answered), 3) for name, ms in cpu.items()},
    }
