"""One HTTP/1.1 connection to a service, on httptools, the parser that uvicorn itself stands on.

Own code because it was measured: a proxied POST costs this process 188 µs of CPU so and 610-640 µs with aiohttp 3.14.
"""

from __future__ import annotations

import asyncio
import math
from typing import Protocol, cast

import httptools

_BUFFER = 256 * 1024
"""Bytes of an answer held for a slow client before the service is asked to wait."""
_EXCHANGES = 2_000
"""Requests over one connection before it is given up: so a restarted or added replica gets its share again."""


class Broke(Exception):
    """The connection ended, or spoke no HTTP, before the answer was complete."""


class Pool(Protocol):
    """Where a connection belongs."""

    def gained(self, connection: Connection) -> None: ...
    def lost(self, connection: Connection) -> None: ...
    def keep(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """One connection to a service; carries one exchange at a time. `begin`, then `head`, then `take` until it gives b""."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._drained = asyncio.Event()
        self._drained.set()
        self._exchanges = 0
        self.idle_until = math.inf
        self._clear(False)
        self.complete = True

    def _clear(self, bodyless: bool) -> None:
        self._bodyless = bodyless
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes] = []
        self._size = 0
        self.is_stream = False
        self._paused = False
        self._answered = False
        self.complete = False
        self._reusable = False
        self._framed = False
        self._failure: Exception | None = None

    # what the proxy calls

    @property
    def is_open(self) -> bool:
        """Whether another exchange can be carried."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def has_part(self) -> bool:
        """Whether `take` would give something at once."""
        return bool(self._chunks) or self.complete

    @property
    def is_finished(self) -> bool:
        """Whether the whole answer has been taken."""
        return self.complete and not self._chunks

    def begin(self, head: bytes, *, bodyless: bool) -> None:
        """Sends the request, or its beginning. `bodyless`: the answer has no body, whatever its headers say (HEAD)."""
        self._clear(bodyless)
        self._exchanges += 1
        cast(asyncio.Transport, self._transport).write(head)

    async def write(self, data: bytes) -> None:
        """Sends more of the request's body and waits while the service does not read. Raises Broke."""
        if not self.is_open:
            raise Broke
        cast(asyncio.Transport, self._transport).write(data)
        await self._drained.wait()

    async def head(self) -> None:
        """Waits for status and headers. Raises Broke."""
        while not self._answered:
            await self._change()

    async def take(self) -> bytes:
        """What has come of the body, waiting for some; b"" once it is complete. Raises Broke."""
        while not self._chunks and not self.complete:
            await self._change()
        chunks = self._chunks
        if not chunks:
            return b""
        self._chunks, self._size = [], 0
        if self._paused:
            self._paused = False
            cast(asyncio.Transport, self._transport).resume_reading()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def close(self) -> None:
        """Ends the connection at once: the service sees its client go."""
        if self._transport is not None:
            self._transport.abort()

    def release(self) -> None:
        """Gives the connection back: kept when the exchange was complete and the service keeps it, else closed."""
        if self.complete and self._reusable and self._exchanges < _EXCHANGES and self.is_open and self._drained.is_set():
            self._pool.keep(self)
        else:
            self.close()

    async def _change(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # what the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._pool.gained(self)

    def data_received(self, data: bytes) -> None:
        try:
            if self.complete:
                raise httptools.HttpParserError("nobody asked")
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._failure = Broke()
            self._reusable = False
            self.close()
        if self._size > _BUFFER and not self._paused:
            self._paused = True
            cast(asyncio.Transport, self._transport).pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.complete:
            # An answer without a length ends with its connection (RFC 9112, section 6.3); any other is broken by it.
            if self._answered and not self._framed and exc is None and self._failure is None:
                self.complete = True
            else:
                self._failure = Broke()
        self._reusable = False
        self._pool.lost(self)
        self._drained.set()
        self._wake()

    def pause_writing(self) -> None:
        self._drained.clear()

    def resume_writing(self) -> None:
        self._drained.set()

    # what the parser calls

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in {b"content-length", b"transfer-encoding"}:
            self._framed = True
        elif name == b"content-type":
            self.is_stream = value[:17].lower() == b"text/event-stream"
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            return
        self.status = status
        self._answered = True
        self._reusable = self._parser.should_keep_alive()
        if self._bodyless:
            # httptools has no way to tell llhttp that no body follows, so this parser is of no further use.
            self.complete = True
            self._reusable = False

    def on_body(self, body: bytes) -> None:
        if not self._bodyless:
            self._chunks.append(body)
            self._size += len(body)

    def on_message_complete(self) -> None:
        if self._answered:
            self.complete = True
        else:
            self.headers = []  # of a 1xx answer: the real one follows
