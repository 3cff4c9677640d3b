"""Fixtures of the kit's tests: fresh streams and an empty database for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import nats
import pytest_asyncio
from nats.aio.client import Client

from deploy.local.servers import LocalServers
from shared.settings import ServiceSettings
from shared.streams import declare
from tests import kit
from tests.shared import service as tiny
from tests.shared.chains import Chain, signed_chain


@pytest_asyncio.fixture
async def operator(servers: LocalServers) -> AsyncIterator[Client]:
    """A connection with the operator's rights."""
    client = await nats.connect(servers.nats_url, nkeys_seed_str=servers.nats_seed("operator"))
    yield client
    await client.close()


@pytest_asyncio.fixture
async def settings(servers: LocalServers, operator: Client) -> AsyncIterator[ServiceSettings]:
    """Settings of the tiny service on new streams and an empty database."""
    await fresh_streams(servers, operator)
    chosen = tiny.settings_for(servers)
    await tiny.prepare(chosen)
    yield chosen
    await tiny.tidy(chosen)


async def fresh_streams(servers: LocalServers, operator: Client) -> None:
    """All streams anew, empty and without consumers."""
    for name in ("EVENTS", "DEAD", "AUDIT"):
        await operator.jetstream().delete_stream(name)
    await declare(
        servers.nats_url,
        servers.nats_seed("operator"),
        ServiceSettings(site=kit.SITE, events_max_bytes=512 * 1024**2, objects_max_bytes=64 * 1024**2),
    )


@pytest_asyncio.fixture
async def chain(settings: ServiceSettings, servers: LocalServers) -> AsyncIterator[Chain]:
    """A chain of 12 audit rows, signed for at 6 and 12."""
    async with signed_chain(settings, servers) as found:
        yield found
