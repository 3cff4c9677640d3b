"""Caps on what comes in: whatever is refused never takes effect in a service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from unittest.mock import Mock

from services.gateway.connection import Connection
from tests.gateway.conftest import Suite
from tests.gateway.serving import raw


async def test_an_announced_body_over_the_cap_is_refused_before_the_service_hears_of_it(suite: Suite) -> None:
    client = await suite.start(body_cap=1000)
    answer = await client.post("/api/intake/opinions", content=b"x" * 1001)
    assert answer.status_code == 413
    assert answer.json()["code"] == "BodyTooLarge"
    assert answer.json()["limit"] == 1000
    assert suite.intake.requests == []
    assert (await client.post("/api/intake/opinions", content=b"x" * 1000)).json()["size"] == 1000


async def test_a_body_without_a_length_is_counted_as_it_comes(suite: Suite) -> None:
    client = await suite.start(body_cap=1000)

    async def parts(total: int) -> AsyncIterator[bytes]:
        for _ in range(total // 100):
            yield b"x" * 100

    answer = await client.post("/api/intake/opinions", content=parts(1100))
    assert answer.status_code == 413
    assert suite.intake.requests == []
    assert (await client.post("/api/intake/opinions", content=parts(1000))).json()["size"] == 1000
    assert suite.intake.header("content-length") == ["1000"]


async def test_a_megabyte_of_text_is_refused_with_the_default_cap(suite: Suite) -> None:
    client = await suite.start()
    answer = await client.post("/api/intake/opinions", json={"text": "路" * 350_000})
    assert answer.status_code == 413
    assert suite.intake.requests == []


async def test_a_larger_cap_of_one_path_streams_with_its_length(suite: Suite) -> None:
    client = await suite.start(body_caps={"/api/intake/import": 4 * 1024 * 1024})
    answer = await client.post("/api/intake/import", content=b"x" * 3_000_000)
    assert answer.json()["size"] == 3_000_000
    assert suite.intake.header("content-length") == ["3000000"]


async def test_a_stream_over_its_cap_is_cut_off_and_takes_no_effect(suite: Suite) -> None:
    client = await suite.start(body_caps={"/api/intake/import": 1024 * 1024})

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 65536

    answer = await client.post("/api/intake/import", content=endless())
    assert answer.status_code == 413
    async with asyncio.timeout(5):
        await suite.intake.left.wait()
    assert suite.intake.requests[-1]["whole"] is False
    assert (await client.get("/api/intake/opinions")).status_code == 200


async def test_a_body_that_stops_coming_is_given_up(suite: Suite) -> None:
    await suite.start(body_timeout=0.3)
    async with raw(suite.port) as bare:
        await bare.send(b"POST /api/intake/opinions HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        status, headers, body = await bare.answer()
    assert status == 408
    assert headers["connection"] == "close"
    assert json.loads(body)["code"] == "BodyTooSlow"
    assert suite.intake.requests == []


async def test_large_answers_pass_whole(suite: Suite) -> None:
    client = await suite.start()
    answer = await client.get("/api/intake/large")
    assert len(answer.content) == 96 * 65536 + 3
    assert answer.content.endswith(b"end")


async def test_a_service_is_asked_to_wait_while_its_answer_is_not_taken() -> None:
    pool, transport = Mock(), Mock(spec=asyncio.Transport)
    transport.is_closing.return_value = False
    connection = Connection(pool)
    connection.connection_made(transport)
    connection.begin(b"GET / HTTP/1.1\r\n\r\n", bodyless=False)
    connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 600000\r\n\r\n" + b"x" * 200_000)
    transport.pause_reading.assert_not_called()
    connection.data_received(b"x" * 200_000)
    connection.data_received(b"x" * 100_000)
    transport.pause_reading.assert_called_once_with()
    assert len(await connection.take()) == 500_000
    transport.resume_reading.assert_called_once_with()
    connection.data_received(b"x" * 100_000)
    assert len(await connection.take()) == 100_000
    assert connection.is_finished
    connection.release()
    pool.keep.assert_called_once_with(connection)


async def test_headers_over_their_cap_are_refused(suite: Suite) -> None:
    client = await suite.start()
    answer = await client.get("/api/intake/opinions", headers={"X-Long": "y" * 17_000})
    assert answer.status_code == 431
    many = await client.get("/api/intake/opinions", headers=[(f"X-{n}", "1") for n in range(120)])
    assert many.status_code == 431
    assert suite.intake.requests == []


async def test_headers_without_end_are_cut_off_before_they_fill_memory(suite: Suite) -> None:
    await suite.start()
    async with raw(suite.port) as bare:
        await bare.send(b"GET /api/intake/opinions HTTP/1.1\r\nHost: x\r\n" + b"X-More: " + b"y" * 60_000)
        status, headers, body = await bare.answer()
        assert status == 431
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(body)["code"] == "HeadersTooLarge"
        assert await bare.reader.read() == b""
