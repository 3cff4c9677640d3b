"""Real servers for all tests: PostgreSQL and NATS, once for the session, embedded or (LIANXIN_TEST_SERVERS=containers) in containers."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, cast

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.servers import SERVICES, LocalServers
from shared.migrate import migrate
from shared.settings import ROOT, ServiceSettings
from shared.streams import declare
from tests import kit
from tests.containers.servers import CHOSEN, ContainerServers


@pytest.fixture(scope="session")
def servers() -> Iterator[LocalServers]:
    """Running servers with all databases migrated and both streams declared."""
    data = ROOT / f".data-test-{os.getpid()}"
    local = cast(LocalServers, ContainerServers(data, kit.SITE)) if CHOSEN else LocalServers(data, kit.SITE)
    try:
        local.start()

        async def prepare() -> None:
            await relax(local.admin_database_url)
            for service in SERVICES:
                await migrate(service, local.database_url(service))
            await declare(
                local.nats_url,
                local.nats_seed("operator"),
                ServiceSettings(site=kit.SITE, events_max_bytes=512 * 1024**2, objects_max_bytes=64 * 1024**2),
            )

        asyncio.run(prepare())
        yield local
    finally:
        local.stop()
        shutil.rmtree(data, ignore_errors=True)


async def relax(admin_url: str) -> None:
    """Lets PostgreSQL trust the operating system with its files: tests kill processes, not the machine."""
    engine = create_async_engine(admin_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes"):
            await connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        await connection.execute(text("SELECT pg_reload_conf()"))
    await engine.dispose()


Build = Callable[..., Awaitable[kit.Running]]


@pytest_asyncio.fixture
async def running(servers: LocalServers) -> AsyncIterator[Build]:
    """`await running("routing", **settings)` gives a service on its emptied database."""
    services: list[kit.Running] = []

    async def build(name: str, **settings: Any) -> kit.Running:
        service = await kit.build(name, servers.database_url(name), **settings)
        services.append(service)
        return service

    yield build
    for service in services:
        await kit.close(service)


@pytest.fixture
def token() -> Callable[..., dict[str, str]]:
    """`token("department", organisation="housing")` gives an Authorization header."""
    return kit.token


@pytest.fixture
def eventually() -> Callable[..., Awaitable[Any]]:
    """Waits for a probe to become true, with a deadline."""
    return kit.eventually
