"""Requests that are no requests: ambiguous headers, no HTTP, WebSockets. And what logs and metrics may say of a path."""

from __future__ import annotations

import io
import json
import sys

import pytest

from services.gateway.addresses import pseudonym, subject_of
from services.gateway.requests import route_of
from services.gateway.server import DoorProtocol
from tests.gateway.conftest import Suite
from tests.gateway.serving import raw


@pytest.mark.parametrize(
    "lines",
    [
        "Host: x\r\nHost: y",
        "",
        "Host: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b",
        "Host: x\r\nIf-Match: 1\r\nIf-Match: 2",
        "Host: x\r\nIdempotency-Key: abcdefgh\r\nIdempotency-Key: abcdefgi",
    ],
)
async def test_a_header_that_may_stand_once_must_not_stand_twice_or_be_missing(suite: Suite, lines: str) -> None:
    await suite.start()
    async with raw(suite.port) as bare:
        await bare.send(("GET /api/intake/x HTTP/1.1\r\n" + (lines + "\r\n" if lines else "") + "\r\n").encode())
        status, _, body = await bare.answer()
    assert (status, json.loads(body)["code"]) == (400, "RequestNotClear")
    assert suite.intake.requests == []


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /api/intake/x\r\n\r\n\r\n",
        b"GET /api/intake/x HTTP/1.1\r\nno colon here\r\n\r\n",
        b"POST /api/intake/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/intake/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /api/intake/x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET /api/intake/x HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n",
        b"GET /api/intake/a b HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_a_400_problem_and_reaches_nobody(suite: Suite, sent: bytes) -> None:
    await suite.start()
    async with raw(suite.port) as bare:
        await bare.send(sent)
        status, headers, body = await bare.answer()
        assert (status, headers["content-type"]) == (400, "application/problem+json")
        assert json.loads(body)["code"] == "NotHttp", body
        assert await bare.reader.read() == b""
    assert suite.intake.requests == []


async def test_chunks_that_are_no_chunks_reach_nobody(suite: Suite) -> None:
    await suite.start(body_timeout=1.0)
    async with raw(suite.port) as bare:
        await bare.send(b"POST /api/intake/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        assert (await bare.answer())[0] == 400
    assert suite.intake.requests == []


async def test_a_websocket_is_refused(suite: Suite) -> None:
    await suite.start()
    async with raw(suite.port) as bare:
        await bare.send(
            b"GET /api/notify/stream HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        status, _, body = await bare.answer()
    assert (status, json.loads(body)["code"]) == (400, "WebSocketNotOffered")
    assert suite.intake.requests == []


async def test_requests_sent_ahead_are_answered_in_their_order(suite: Suite) -> None:
    await suite.start()
    async with raw(suite.port) as bare:
        await bare.send(b"".join(b"GET /api/intake/n%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(5)))
        told = [json.loads((await bare.answer())[2])["path"] for _ in range(5)]
    assert told == [f"/n{n}" for n in range(5)]


@pytest.mark.parametrize("sent", [b"", b"GET /api/intake/x HTTP/1.1\r\nHos"])
async def test_headers_that_come_too_slowly_are_given_up(suite: Suite, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(DoorProtocol, "header_timeout", 0.2)
    await suite.start()
    async with raw(suite.port) as bare:
        await bare.send(sent)
        with pytest.raises((ConnectionError, EOFError)):
            await bare.until(b"\r\n\r\n")


async def test_logs_hold_no_query_no_number_no_address_and_no_lookup_code(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written))
    client = await suite.start()
    await client.get(
        "/api/intake/opinions/320412-2026-000123?phone=13812345678",
        headers={"X-Lookup-Code": "SECRETCODE", "X-Request-Id": "request-0001", "Authorization": "Bearer not.a.token"},
    )
    await client.get("/s/CODE7?phone=13812345678")
    lines = [json.loads(line) for line in written.getvalue().decode().splitlines()]
    (line,) = [entry for entry in lines if entry.get("request_id") == "request-0001"]
    assert (line["event"], line["method"], line["route"], line["status"]) == ("request", "GET", "/api/intake/opinions/{}", 200)
    assert line["ms"] >= 0
    said = written.getvalue().decode()
    for secret in ("000123", "13812345678", "SECRETCODE", '127.0.0.1"', "not.a.token", "CODE7"):
        assert secret not in said, secret


def test_a_route_for_logs_keeps_words_and_drops_what_may_be_an_id() -> None:
    assert route_of(b"/api/routing/cases/0191-ab/accept") == "/api/routing/cases/{}/accept"
    assert route_of(b"/api/directory/codes/" + b"abcdefghijklmnopqrstuvwxyzabc") == "/api/directory/codes/{}"
    assert route_of(b"/api/intake/opinions") == "/api/intake/opinions"


def test_an_ipv6_client_counts_as_its_network() -> None:
    assert subject_of("2001:db8:1:2:aaaa::1") == subject_of("2001:db8:1:2:bbbb::2")
    assert subject_of("2001:db8:1:3::1") != subject_of("2001:db8:1:2::1")
    assert subject_of("::ffff:203.0.113.5") == subject_of("203.0.113.5")


def test_an_address_in_a_log_is_a_pseudonym() -> None:
    assert pseudonym("203.0.113.5") == pseudonym("203.0.113.5")
    assert "203" not in pseudonym("203.0.113.5")
    assert len(pseudonym("203.0.113.5")) == 12
