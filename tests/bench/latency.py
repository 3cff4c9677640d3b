"""(d) From the commit in intake to the commit in routing at 50 submits a second.

Both moments are PostgreSQL's own (`track_commit_timestamp`, on for this part only): of the transaction that wrote the
opinion's contact row, and of the one that wrote the case's first line of history; neither row is ever updated. One server,
one clock. The requests come evenly, whatever the answers take.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.backends import Backends
from deploy.local.postgres import SUPERUSER
from deploy.local.servers import SERVICES
from tests.bench.client import Client, NoAnswer
from tests.bench.lifecycle import quantiles
from tests.bench.place import Place
from tests.bench.texts import words
from tests.kit import eventually

RATE = 50
WARM_UP = 2.0


async def keep_commit_times(place: Place) -> None:
    """Lets PostgreSQL remember when a transaction was committed; holds from the next start on."""
    engine = create_async_engine(Backends(place.suite.settings, list(SERVICES)).database.url(SUPERUSER), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("ALTER SYSTEM SET track_commit_timestamp = on"))
    await engine.dispose()


async def latencies(place: Place, seconds: float, seed: str) -> dict[str, Any]:
    """One run: quantiles in ms of commit to commit, and of the HTTP answers."""
    chance, codes = random.Random(seed), place.codes()
    errors: list[str] = []
    took: list[float] = []
    numbers: list[str] = []
    idle: list[Client] = []

    async def one(measured: bool) -> None:
        client = idle.pop() if idle else Client(place.url)
        said, began = words(chance), time.perf_counter()
        body = {"code": chance.choice(codes), "title": said.title, "text": said.text, "contact": {"name": "居民"}}
        try:
            answer = await client.call("POST", "/api/intake/opinions", body, idempotency_key=str(UUID(int=chance.getrandbits(128))))
        except NoAnswer as error:
            errors.append(str(error))
            return
        idle.append(client)
        if answer.status != 201:
            errors.append(f"{answer.status} {answer.body[:200]!r}")
        elif measured:
            took.append(time.perf_counter() - began)
            numbers.append(answer.json()["number"])

    meter = place.meter()
    began, tasks = time.perf_counter(), []
    for n in range(int((WARM_UP + seconds) * RATE)):
        await asyncio.sleep(max(0.0, began + n / RATE - time.perf_counter()))
        tasks.append(asyncio.create_task(one(n >= WARM_UP * RATE)))
    await asyncio.gather(*tasks)
    cpu = meter.ms()
    for client in idle:
        client.close()

    async def all_opened() -> Any:
        found = await _moments(
            place, "routing", "SELECT c.number, h.xmin FROM cases c JOIN case_history h ON h.case_id = c.id AND h.version = 1"
        )
        return found if set(numbers) <= found.keys() else None

    opened = await eventually(all_opened, within=30, what="a case for each opinion")
    submitted = await _moments(place, "intake", "SELECT o.number, c.xmin FROM opinion o JOIN contact c ON c.opinion_id = o.id")
    chain = [(opened[n] - submitted[n]).total_seconds() for n in numbers]
    return {
        **quantiles(chain),
        "answers": quantiles(took),
        "events": len(chain),
        "errors": len(errors),
        "first_error": errors[0] if errors else None,
        "cpu_ms_per_event": {name: round(ms / len(tasks), 3) for name, ms in cpu.items()},
    }


async def _moments(place: Place, service: str, rows: str) -> dict[str, Any]:
    """Number → when the transaction of its row was committed, for the transactions since the last start."""
    sql = f"SELECT r.number, pg_xact_commit_timestamp(r.xmin) AS at FROM ({rows}) r WHERE pg_xact_commit_timestamp(r.xmin) IS NOT NULL"
    return {row.number: row.at for row in await place.suite.query(service, sql)}
