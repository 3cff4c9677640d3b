"""The services behind the door: where each is, and the connections kept to it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pydantic import HttpUrl

from services.gateway.connection import Broke, Connection
from services.gateway.settings import Settings

_REFUSED_PAUSE = 0.1


class Away(Exception):
    """No connection could be made: nothing was sent."""


class Busy(Exception):
    """As many requests are in the service's hands, or connections to it in use, as the settings allow: nothing was sent."""


class Upstream:
    """One service: where it is and the connections to it."""

    def __init__(self, name: str, url: HttpUrl, settings: Settings) -> None:
        self.name = name
        self.base = (url.path or "").rstrip("/").encode()
        self.authority = f"{url.host}:{url.port}".encode()
        self.origin = f"{url.scheme}://{url.host}:{url.port}".encode()
        self._host, self._port = (url.host or "").strip("[]"), url.port or 80
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._settings = settings
        self._idle: deque[Connection] = deque()
        self._open: set[Connection] = set()
        self._connecting = 0
        self._in_hand = 0
        self._turn = 0

    async def connection(self) -> Connection:
        """A connection that is ready for an exchange. Raises Away or Busy; nothing was sent then."""
        if self._in_hand + self._connecting >= self._settings.upstream_in_hand:
            raise Busy
        now = asyncio.get_running_loop().time()
        while self._idle:
            kept = self._idle.pop()
            if kept.is_open and kept.idle_until > now:
                return kept
            kept.close()
        if len(self._open) + self._connecting >= self._settings.upstream_connections:
            raise Busy
        self._connecting += 1
        try:
            return await self._connect()
        finally:
            self._connecting -= 1

    async def _connect(self) -> Connection:
        for may_retry in (True, False):
            try:
                return await self._reach_a_replica()
            except TimeoutError as error:
                raise Away from error
            except OSError as error:
                if not may_retry:
                    raise Away from error
                await asyncio.sleep(_REFUSED_PAUSE)
        raise Away

    async def _reach_a_replica(self) -> Connection:
        """A connection to the replica whose turn it is, else to another. Raises what went wrong with the last one."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._settings.connect_timeout):
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        # The system sorts a name's addresses by nearness: without turns the nearest replica would get everything.
        addresses = sorted({str(entry[4][0]) for entry in found})
        self._turn = (self._turn + 1) % len(addresses)
        # One whose machine or container has just gone is silent: that must leave time for the others.
        patience = self._settings.connect_timeout / len(addresses)
        certified = self._host if self._tls else None
        failure = OSError()
        for address in (*addresses[self._turn :], *addresses[: self._turn]):
            try:
                async with asyncio.timeout(patience):
                    _, made = await loop.create_connection(
                        lambda: Connection(self), address, self._port, ssl=self._tls, server_hostname=certified
                    )
                return made
            except OSError as error:
                failure = error
        raise failure

    @contextmanager
    def in_hand(self) -> Iterator[None]:
        """Around a request until its answer begins."""
        self._in_hand += 1
        try:
            yield
        finally:
            self._in_hand -= 1

    def keep(self, connection: Connection) -> None:
        """Puts a connection by for the next exchange."""
        connection.idle_until = asyncio.get_running_loop().time() + self._settings.upstream_idle
        self._idle.append(connection)

    def gained(self, connection: Connection) -> None:
        """Counts a connection that has been made."""
        self._open.add(connection)

    def lost(self, connection: Connection) -> None:
        """Forgets a connection that has ended."""
        self._open.discard(connection)

    def sweep(self, now: float) -> None:
        """Closes connections that have been unused for too long; `now` is the loop's time."""
        while self._idle and (self._idle[0].idle_until <= now or not self._idle[0].is_open):
            self._idle.popleft().close()

    def close(self) -> None:
        """Ends all connections."""
        for connection in tuple(self._open):
            connection.close()
        self._idle.clear()

    def request(self, method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes | None = None) -> bytes:
        """The bytes of a request, whole when `body` is given, else up to the end of its headers."""
        parts = [method, b" ", self.base, target, b" HTTP/1.1\r\nhost: ", self.authority, b"\r\n"]
        for name, value in headers:
            parts += (name, b": ", value, b"\r\n")
        if body or (body is not None and method not in (b"GET", b"HEAD", b"DELETE")):
            parts += (b"content-length: ", str(len(body)).encode(), b"\r\n\r\n", body)
        else:
            parts.append(b"\r\n")
        return b"".join(parts)

    async def fetch(self, target: str, timeout: float, cap: int = 4 * 1024 * 1024) -> tuple[int, bytes]:
        """A small GET of the gateway itself: (status, body). Raises Away, Busy, Broke or TimeoutError."""
        async with asyncio.timeout(timeout):
            connection = await self.connection()
            try:
                connection.begin(self.request(b"GET", target.encode(), [(b"accept", b"application/json")]), bodyless=False)
                await connection.head()
                body = bytearray()
                while part := await connection.take():
                    body += part
                    if len(body) > cap:
                        raise Broke
                return connection.status, bytes(body)
            finally:
                connection.release()
