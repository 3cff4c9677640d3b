"""Real servers for all tests: PostgreSQL and NATS, once for the session, embedded or (LIANXIN_TEST_SERVERS=containers) in containers."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytest_asyncio
from hypothesis import settings as hypothesis_settings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.servers import SERVICES, LocalServers
from shared import app as kit_app
from shared.migrate import migrate
from shared.settings import ROOT, ServiceSettings
from shared.streams import declare
from tests import kit
from tests.containers.servers import CHOSEN, ContainerServers

# How long an example takes says something of the machine, nothing of the code.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

LONG = (
    "e2e/test_canaries",
    "e2e/test_drill",
    "faults",
    "e2e/test_kills",
    "e2e/test_loop",
    "deploy/local/test_servers",
    "deploy/local/test_run",
)
"""Files that take longest begin first: one that begins last leaves the other workers without work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long files before the others; within a file nothing moves."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: next((place for name, place in places.items() if f"tests/{name}" in item.nodeid), len(LONG)))


def pytest_collection_finish() -> None:
    """What is imported now stays to the end: the collector need not walk through it with each test, nor often, as in a service."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session", autouse=True)
def collector_at_rest() -> Iterator[None]:
    """A service collects garbage when it starts, once in the life of its process; here hundreds start in one."""
    rest = SimpleNamespace(
        collect=lambda: 0, freeze=lambda: None, unfreeze=lambda: None, get_threshold=gc.get_threshold, set_threshold=lambda *_: None
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kit_app, "gc", rest)
        yield


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
        for setting in ("fsync = off", "full_page_writes = off", "autovacuum_naptime = '1min'"):
            await connection.execute(text(f"ALTER SYSTEM SET {setting}"))
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
