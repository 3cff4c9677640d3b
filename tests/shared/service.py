"""A tiny service on the kit, for the kit's own tests: it counts marks. It stands in scoring's place, with its rights."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from deploy.local.servers import LocalServers
from shared.app import create_app
from shared.consumers import Consumers, Early, Since, wake
from shared.db import Database, Tx
from shared.errors import NotFound
from shared.events.base import Event
from shared.http import IfMatch, InTx, RequestModel, check_version, service_router
from shared.identity import Caller, public, requires
from shared.live import live
from shared.outbox import emit
from shared.settings import ServiceSettings
from tests import kit

NAME = "scoring"


class MarkMade(Event):
    """A mark was made. `fault` names what its handler does wrong; `needs` is a mark that must be there before."""

    producer: ClassVar[str] = NAME
    key: ClassVar[str] = "mark"

    mark: str
    fault: str | None = None
    needs: str | None = None
    padding: str = ""


class MarkCounted(Event):
    """A mark was counted, because of a MarkMade."""

    producer: ClassVar[str] = NAME
    key: ClassVar[str] = "mark"

    mark: str


class MarkIn(RequestModel):
    mark: str


@dataclass
class Behaviour:
    """What tests switch: faults that are mended, and how often a handler was entered."""

    mended: bool = False
    entered: list[str] = field(default_factory=list)


async def count_mark(tx: Tx, event: MarkMade, behaviour: Behaviour) -> None:
    behaviour.entered.append(event.mark)
    if event.needs:
        there = (await tx.execute(text("SELECT 1 FROM mark WHERE name = :n"), {"n": event.needs})).one_or_none()
        if there is None:
            raise Early("mark", event.needs)
    await tx.execute(
        text("INSERT INTO mark (name, times) VALUES (:n, 1) ON CONFLICT (name) DO UPDATE SET times = mark.times + 1"), {"n": event.mark}
    )
    if event.fault == "conflicts" and behaviour.entered.count(event.mark) == 1:
        await tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'chosen' USING ERRCODE = 'deadlock_detected'; END $$"))
    if event.fault == "raises" and not behaviour.mended:
        raise RuntimeError(f"secret words of {event.mark}")
    emit(tx, MarkCounted(mark=event.mark))
    await wake(tx, "mark", event.mark)


def consumers(behaviour: Behaviour, since: Since = "start", *, batch: bool = False) -> Consumers:
    registry = Consumers(NAME)
    if batch:

        @registry.on_batch(MarkMade, since=since)
        async def marks_made(tx: Tx, events: Any) -> None:
            for event in events:
                await count_mark(tx, event, behaviour)

    else:

        @registry.on(MarkMade, since=since)
        async def mark_made(tx: Tx, event: MarkMade) -> None:
            await count_mark(tx, event, behaviour)

    return registry


router = service_router()


@router.post("/marks", status_code=201)
async def make(body: MarkIn, tx: InTx, caller: Annotated[Caller | None, public()]) -> dict[str, Any]:
    row = (await tx.execute(text("INSERT INTO mark (name, times) VALUES (:n, 0) RETURNING version"), {"n": body.mark})).one()
    emit(tx, MarkMade(mark=body.mark))
    live(tx, "mark", body.mark)
    return {"mark": body.mark, "version": row.version}


@router.post("/marks/{mark}/bump")
async def bump(mark: str, tx: InTx, version: IfMatch, caller: Annotated[Caller, requires("mark.bump", "mark.own")]) -> dict[str, Any]:
    row = (await tx.execute(text("SELECT version FROM mark WHERE name = :n FOR UPDATE"), {"n": mark})).one()
    check_version(row.version, version)
    await tx.execute(text("UPDATE mark SET version = version + 1, times = times + 1 WHERE name = :n"), {"n": mark})
    return {"version": row.version + 1}


@router.post("/refuse")
async def refuse(body: MarkIn, tx: InTx, caller: Annotated[Caller | None, public()]) -> None:
    await tx.execute(text("INSERT INTO mark (name, times) VALUES (:n, 0)"), {"n": body.mark})
    emit(tx, MarkMade(mark=body.mark))
    raise {"refused": NotFound, "defect": ZeroDivisionError}[body.mark]()


def build(settings: ServiceSettings, behaviour: Behaviour | None = None, **options: Any) -> FastAPI:
    app = create_app(NAME, settings=settings, routers=[router], consumers=consumers(behaviour or Behaviour(), **options))
    kit.share_routes(app, build)
    return app


FAST: dict[str, Any] = {
    "fetch_expires": 0.5,
    "ack_wait": 1.5,
    "retry_delay": 0.05,
    "park_retry": 0.4,
    "watchdog_every": 0.2,
    "relay_poll": 0.1,
    "publish_timeout": 2.0,
    "relay_lease": 2.0,
    "flow_limit": 2.0,
}
"""Shortened times, so that what takes half a minute in production takes a second here."""


def settings_for(servers: LocalServers, **more: Any) -> ServiceSettings:
    return ServiceSettings(
        site=kit.SITE,
        database_url=servers.database_url(NAME),
        nats_url=servers.nats_url,
        nats_seed=servers.nats_seed(NAME),
        **{**FAST, **more},
    )


@dataclass
class Service:
    """A running tiny service with its background loops."""

    app: FastAPI
    client: httpx.AsyncClient
    behaviour: Behaviour

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    async def send(self, *events: Event) -> None:
        """Emits events in one transaction."""
        async with self.database.transaction() as tx:
            for event in events:
                emit(tx, event)

    async def times(self) -> dict[str, int]:
        """How often each mark took effect."""
        async with self.database.transaction() as tx:
            return {r.name: r.times for r in (await tx.execute(text("SELECT name, times FROM mark"))).all()}

    async def scalar(self, sql: str) -> Any:
        async with self.database.transaction() as tx:
            return (await tx.execute(text(sql))).scalar_one_or_none()


async def prepare(settings: ServiceSettings) -> None:
    """An empty database with the table of marks."""
    database = Database(NAME, settings)
    async with database.transaction() as tx:
        await tx.execute(
            text("CREATE TABLE IF NOT EXISTS mark (name text PRIMARY KEY, times int NOT NULL, version int NOT NULL DEFAULT 1)")
        )
    await kit.wipe(database)
    await database.close()


async def tidy(settings: ServiceSettings) -> None:
    """Takes the table of marks away again."""
    database = Database(NAME, settings)
    async with database.transaction() as tx:
        await tx.execute(text("DROP TABLE IF EXISTS mark"))
    await database.close()


@asynccontextmanager
async def started(settings: ServiceSettings, behaviour: Behaviour | None = None, **options: Any) -> AsyncIterator[Service]:
    """The service with its loops running."""
    behaviour = behaviour or Behaviour()
    app = build(settings, behaviour, **options)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield Service(app, client, behaviour)


def main() -> None:
    """Runs the service as a process of its own, for tests that kill it: `python -m tests.shared.service`."""
    import asyncio
    import os

    async def run() -> None:
        settings = ServiceSettings()
        async with started(settings) as service:
            for mark in filter(None, os.environ.get("MARKS", "").split(",")):
                response = await service.client.post("/marks", json={"mark": mark}, headers={"Idempotency-Key": f"key-of-{mark}"})
                assert response.status_code == 201, response.text
            await asyncio.Event().wait()

    asyncio.run(run())


if __name__ == "__main__":
    main()
