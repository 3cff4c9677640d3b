"""A request's body within its cap: small ones are read whole before the service hears of them, large ones pass through counted."""

from __future__ import annotations

import asyncio

from services.gateway.connection import Broke, Connection
from services.gateway.exchange import ClientGone, Exchange
from services.gateway.requests import Headers, Request
from services.gateway.settings import Settings
from shared.errors import BodyTooLarge

_WHOLE = 256 * 1024
"""Bodies up to this size are held in memory; a larger cap makes a body a stream."""


class Body:
    """The body of one request, held in memory when it is small or `hold` says so.

    Raises BodyTooLarge, at once when the client announces it, else as soon as it shows.
    """

    def __init__(self, request: Request, settings: Settings, *, hold: bool = False) -> None:
        self._cap = cap_of(request.decoded, settings)
        self._settings = settings
        self.whole: bytes | None = b""
        self.framing: Headers = []
        self.is_sent = True
        self._pumping: asyncio.Task[None] | None = None
        self._present = request.has_body
        length = request.content_length
        if length is not None and length > self._cap:
            raise BodyTooLarge(where="body", limit=self._cap)
        if self._present and not hold and (length if length is not None else self._cap) > _WHOLE:
            self.whole, self.is_sent = None, False
            self.framing = [(b"content-length", str(length).encode())] if length is not None else [(b"transfer-encoding", b"chunked")]
        self._chunked = length is None

    async def read(self, exchange: Exchange) -> None:
        """Reads a small body. Raises BodyTooLarge or ClientGone."""
        if self.whole is not None and self._present:
            message = await exchange.receive()
            parts, size = [message.get("body", b"")], 0
            while True:
                if message["type"] == "http.disconnect":
                    raise ClientGone
                size += len(parts[-1])
                if size > self._cap:
                    raise BodyTooLarge(where="body", limit=self._cap)
                if not message.get("more_body"):
                    break
                message = await exchange.receive()
                parts.append(message.get("body", b""))
            self.whole = parts[0] if len(parts) == 1 else b"".join(parts)
        exchange.may_watch = self.whole is not None

    def start(self, connection: Connection, exchange: Exchange) -> None:
        """Lets a large body pass to the service from now on; a small one has been sent."""
        if self.whole is None:
            self._pumping = asyncio.create_task(self._pump(connection, exchange))

    def stop(self) -> None:
        """No more of it is wanted."""
        if self._pumping is not None:
            self._pumping.cancel()

    async def _pump(self, connection: Connection, exchange: Exchange) -> None:
        size = 0
        loop = asyncio.get_running_loop()
        try:
            while True:
                exchange.waits_for, exchange.deadline = "request", loop.time() + self._settings.body_timeout
                message = await exchange.receive()
                exchange.waits_for, exchange.deadline = "answer", loop.time() + self._settings.answer_timeout
                if message["type"] == "http.disconnect":
                    raise ClientGone
                part = message.get("body", b"")
                size += len(part)
                if size > self._cap:
                    raise BodyTooLarge(where="body", limit=self._cap)
                if part:
                    await connection.write(b"%x\r\n%b\r\n" % (len(part), part) if self._chunked else part)
                if not message.get("more_body"):
                    break
            if self._chunked:
                await connection.write(b"0\r\n\r\n")
            self.is_sent = exchange.may_watch = True
        except Broke:
            return  # the service may have answered before it had read everything
        except (BodyTooLarge, ClientGone) as reason:
            exchange.end(reason)


def cap_of(path: str, settings: Settings) -> int:
    """How many bytes a body may have at this path."""
    if settings.body_caps:
        fitting = [prefix for prefix in settings.body_caps if path.startswith(prefix)]
        if fitting:
            return settings.body_caps[max(fitting, key=len)]
    return settings.body_cap
