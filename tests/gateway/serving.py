"""Real sockets for the gateway's tests: uvicorn in this loop, a small upstream that does what services do, a raw client."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from services.gateway.main import build
from services.gateway.server import OPTIONS
from services.gateway.settings import Settings

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
NOWHERE = "nats://127.0.0.1:1"


@asynccontextmanager
async def served(app: Any, **options: Any) -> AsyncIterator[int]:
    """Serves an ASGI application on a free port of this loop; gives the port."""
    sock = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, **{"lifespan": "off", "timeout_graceful_shutdown": 1, **options}))
    task = asyncio.create_task(server._serve([sock]))
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.01)
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        sock.close()


@dataclass
class Upstream:
    """A service that notes what reaches it, and does what the path says."""

    requests: list[Message] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    answers: dict[str, tuple[int, list[tuple[bytes, bytes]], bytes]] = field(default_factory=dict)

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        seen: Message = {
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": [(k.decode(), v.decode()) for k, v in scope["headers"]],
            "body": b"",
            "whole": False,
        }
        self.requests.append(seen)
        self.came.set()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
                return
            seen["body"] += message.get("body", b"")
            if not message.get("more_body"):
                break
        seen["whole"] = True
        action = scope["path"].strip("/").split("/")[-1]
        await getattr(self, f"do_{action}", self.do_echo)(scope, receive, send)

    async def asked(self) -> None:
        """Waits until a request has come in."""
        async with asyncio.timeout(5):
            await self.came.wait()

    def header(self, name: str, number: int = -1) -> list[str]:
        """All values of a header of a request that came in."""
        return [value for key, value in self.requests[number]["headers"] if key == name]

    async def _answer(self, send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    async def do_echo(self, scope: Message, receive: Any, send: Send) -> None:
        status, headers, body = self.answers.get(scope["path"], (200, [(b"content-type", b"application/json")], b""))
        seen = self.requests[-1]
        told = body or json.dumps({"path": seen["path"], "query": seen["query"], "size": len(seen["body"])}).encode()
        await self._answer(send, status, headers, told)

    async def do_stream(self, scope: Message, receive: Any, send: Send) -> None:
        """An event stream: the second event is sent when the test releases it."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream; charset=utf-8")]})
        await send({"type": "http.response.body", "body": b"id: 1\ndata: first\n\n", "more_body": True})
        leaving = asyncio.create_task(receive())
        going_on = asyncio.create_task(self.release.wait())
        await asyncio.wait([leaving, going_on], return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            self.left.set()
            going_on.cancel()
            return
        leaving.cancel()
        await send({"type": "http.response.body", "body": b"id: 2\ndata: second\n\n", "more_body": False})

    async def do_never(self, scope: Message, receive: Any, send: Send) -> None:
        """No answer; notes when the client leaves."""
        assert (await receive())["type"] == "http.disconnect"
        self.left.set()

    async def do_large(self, scope: Message, receive: Any, send: Send) -> None:
        """Six megabytes without a length."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/csv")]})
        for number in range(96):
            await send({"type": "http.response.body", "body": bytes([number]) * 65536, "more_body": True})
        await send({"type": "http.response.body", "body": b"end"})

    async def do_cut(self, scope: Message, receive: Any, send: Send) -> None:
        """Ends in the middle of a chunked answer."""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    async def do_nothing(self, scope: Message, receive: Any, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def settings(upstreams: dict[str, int], **more: Any) -> Settings:
    """Settings of a gateway under test: upstreams by port, no bus."""
    return Settings(
        upstreams={name: f"http://127.0.0.1:{port}" for name, port in upstreams.items()},
        **{"nats_url": NOWHERE, "answer_timeout": 5.0, "connect_timeout": 1.0, **more},
    )


@asynccontextmanager
async def gateway(chosen: Settings) -> AsyncIterator[int]:
    """The gateway on a free port, with the very options it is run with."""
    async with served(build(chosen), **{**OPTIONS, "loop": "asyncio", "timeout_graceful_shutdown": 1}) as port:
        yield port


class Raw:
    """A client that sends bytes as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until(self, mark: bytes) -> bytes:
        """What comes up to and with `mark`."""
        async with asyncio.timeout(10):
            return await self.reader.readuntil(mark)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """One answer with a length: status, headers, body."""
        head = (await self.until(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:]) if k}
        async with asyncio.timeout(10):
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(head[0].split(" ")[1]), headers, body


@asynccontextmanager
async def raw(port: int) -> AsyncIterator[Raw]:
    """A bare connection to the gateway."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()
