"""Services that are away, slow or broken; clients that leave."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import httpx
import pytest

from tests.gateway.conftest import Suite
from tests.gateway.serving import raw
from tests.kit import eventually


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


async def test_a_service_that_is_down_is_a_503_that_says_when_to_come_again(suite: Suite) -> None:
    client = await suite.start(upstreams={"routing": free_port()})
    answer = await client.post("/api/routing/cases/1/accept")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["code"] == "ServiceAway"
    assert answer.json()["service"] == "routing"
    assert (await client.get("/api/intake/opinions")).status_code == 200


async def test_a_service_that_comes_back_is_found_again(suite: Suite) -> None:
    port = free_port()
    client = await suite.start(upstreams={"routing": port})
    assert (await client.get("/api/routing/cases")).status_code == 503
    server = await asyncio.start_server(_one_answer, "127.0.0.1", port)
    async with server:
        assert (await client.get("/api/routing/cases")).status_code == 200


async def _one_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
    await writer.drain()
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        await reader.readexactly(1)
    writer.close()


async def test_a_service_that_does_not_answer_is_a_504_and_loses_its_client(suite: Suite) -> None:
    client = await suite.start(answer_timeout=0.4)
    answer = await client.get("/api/intake/never")
    assert answer.status_code == 504
    assert answer.json()["code"] == "ServiceTooSlow"
    assert "retry-after" in answer.headers
    async with asyncio.timeout(5):
        await suite.intake.left.wait()


@pytest.mark.parametrize(
    "spoken",
    [
        b"",
        b"no http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
    ],
)
async def test_a_service_that_breaks_off_before_its_answer_is_a_503_and_is_asked_once(suite: Suite, spoken: bytes) -> None:
    asked = 0

    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        await reader.readuntil(b"\r\n\r\n")
        asked += 1
        writer.write(spoken)
        writer.close()

    async with await asyncio.start_server(breaks, "127.0.0.1", 0) as server:
        client = await suite.start(upstreams={"routing": server.sockets[0].getsockname()[1]})
        answer = await client.post("/api/routing/cases/1/accept")
    assert (answer.status_code, answer.json()["code"], asked) == (503, "ServiceAway", 1)


async def test_an_answer_that_ends_with_its_connection_is_whole(suite: Suite) -> None:
    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall of it")
        writer.close()

    async with await asyncio.start_server(old, "127.0.0.1", 0) as server:
        client = await suite.start(upstreams={"routing": server.sockets[0].getsockname()[1]})
        answer = await client.get("/api/routing/cases")
    assert (answer.status_code, answer.content) == (200, b"all of it")
    assert "link" not in answer.headers


async def test_an_answer_cut_off_in_the_middle_is_not_passed_off_as_whole(suite: Suite) -> None:
    client = await suite.start()
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/api/intake/cut")
    assert (await client.get("/api/intake/opinions")).status_code == 200


async def test_the_first_event_of_a_stream_arrives_before_the_second_is_sent(suite: Suite) -> None:
    client = await suite.start(stall_timeout=0.3)
    async with client.stream("GET", "/api/intake/stream", headers={"Accept": "text/event-stream"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        parts = answer.aiter_raw()
        assert await anext(parts) == b"id: 1\ndata: first\n\n"
        await asyncio.sleep(0.8)  # silence beyond the stall timeout: an event stream may be silent
        suite.intake.release.set()
        assert await anext(parts) == b"id: 2\ndata: second\n\n"
        assert [part async for part in parts] == []


@pytest.mark.parametrize("path", ["stream", "never"])
async def test_a_client_that_leaves_takes_its_request_to_the_service_with_it(suite: Suite, path: str) -> None:
    await suite.start()
    async with raw(suite.port) as bare:
        await bare.send(f"GET /api/intake/{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await suite.intake.asked()
    async with asyncio.timeout(5):
        await suite.intake.left.wait()


async def test_an_answer_that_stalls_in_the_middle_is_cut_off(suite: Suite) -> None:
    async def stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this")
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readexactly(1)
        writer.close()

    async with await asyncio.start_server(stalls, "127.0.0.1", 0) as server:
        client = await suite.start(upstreams={"routing": server.sockets[0].getsockname()[1]}, stall_timeout=0.3)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/api/routing/cases")


async def test_no_more_connections_than_the_settings_allow(suite: Suite) -> None:
    client = await suite.start(upstream_connections=1)
    waiting = asyncio.create_task(client.get("/api/intake/never"))
    await suite.intake.asked()
    answer = await client.get("/api/intake/opinions")
    assert (answer.status_code, answer.json()["code"]) == (503, "ServiceBusy")
    waiting.cancel()


async def test_a_service_with_its_hands_full_is_not_asked_for_more_until_it_has_answered(suite: Suite) -> None:
    client = await suite.start(upstream_in_hand=1)
    waiting = asyncio.create_task(client.get("/api/intake/never"))
    await suite.intake.asked()
    answer = await client.get("/api/intake/opinions")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "ServiceBusy", "5")
    waiting.cancel()

    async def free() -> bool:
        return (await client.get("/api/intake/opinions")).status_code == 200

    await eventually(free)


async def test_a_connection_the_service_closed_meanwhile_is_not_used_again(suite: Suite) -> None:
    taken = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        taken += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(once, "127.0.0.1", 0) as server:
        client = await suite.start(upstreams={"routing": server.sockets[0].getsockname()[1]})
        for _ in range(4):
            assert (await client.get("/api/routing/cases")).status_code == 200
            await asyncio.sleep(0.02)
    assert taken == 4


@pytest.mark.parametrize(("refusals", "status", "tries"), [(1, 200, 2), (9, 503, 2)])
async def test_a_refused_connection_is_tried_once_more(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, refusals: int, status: int, tries: int
) -> None:
    client = await suite.start()
    loop, tried = asyncio.get_running_loop(), 0
    connect = loop.create_connection

    async def refuses(factory: Any, host: str, port: int, **options: Any) -> Any:
        nonlocal tried
        if port == suite.intake_port:
            tried += 1
            if tried <= refusals:
                raise ConnectionRefusedError
        return await connect(factory, host, port, **options)

    monkeypatch.setattr(loop, "create_connection", refuses)
    assert (await client.post("/api/intake/opinions", json={})).status_code == status
    assert tried == tries
