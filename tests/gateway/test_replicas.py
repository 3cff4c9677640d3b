"""A service with several replicas behind one name: each gets its share, and one that is gone costs nobody an answer."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from pydantic import HttpUrl

from tests.gateway.serving import gateway, settings

NAME = "routing.test"
REPLICAS = ("127.0.0.2", "127.0.0.3", "127.0.0.4")


@asynccontextmanager
async def replicas(monkeypatch: pytest.MonkeyPatch, answering: tuple[str, ...]) -> AsyncIterator[tuple[int, Counter[str]]]:
    """The port on which those that answer listen, and how many connections each has had. The name stands for all three."""
    had: Counter[str] = Counter()

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        had[writer.get_extra_info("sockname")[0]] += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    loop = asyncio.get_running_loop()
    real = loop.getaddrinfo

    async def resolved(host: Any, port: Any, **options: Any) -> Any:
        if host != NAME:
            return await real(host, port, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in REPLICAS]

    monkeypatch.setattr(loop, "getaddrinfo", resolved)
    async with AsyncExitStack() as stack:
        port = 0
        for address in answering:
            server = await stack.enter_async_context(await asyncio.start_server(once, address, port))
            port = server.sockets[0].getsockname()[1]
        yield port, had


@asynccontextmanager
async def client_of(port: int, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway that knows routing by its name only."""
    chosen = settings({}, **more).model_copy(update={"upstreams": {"routing": HttpUrl(f"http://{NAME}:{port}")}})
    async with gateway(chosen) as door, httpx.AsyncClient(base_url=f"http://127.0.0.1:{door}", verify=False) as client:
        yield client


@pytest.mark.parametrize("answering", [REPLICAS, REPLICAS[1:]])
async def test_connections_go_to_each_replica_in_turn_and_none_is_lost_to_one_that_is_gone(
    monkeypatch: pytest.MonkeyPatch, answering: tuple[str, ...]
) -> None:
    async with replicas(monkeypatch, answering) as (port, had):
        async with client_of(port) as client:
            for _ in range(12):
                assert (await client.get("/api/routing/cases")).status_code == 200
        assert had.total() == 12 and set(had) == set(answering)
        assert max(had.values()) <= 12 - 4 * (len(answering) - 1), "no replica gets the share of another that is there"


async def test_a_replica_that_stays_silent_leaves_time_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async with replicas(monkeypatch, REPLICAS[1:]) as (port, had):
        loop, connect = asyncio.get_running_loop(), asyncio.get_running_loop().create_connection

        async def silent(factory: Any, host: str, port: int, **options: Any) -> Any:
            if host == REPLICAS[0]:
                await asyncio.Event().wait()
            return await connect(factory, host, port, **options)

        monkeypatch.setattr(loop, "create_connection", silent)
        async with client_of(port, connect_timeout=0.3) as client:
            for _ in range(3):
                assert (await client.get("/api/routing/cases")).status_code == 200
        assert set(had) == set(REPLICAS[1:])
