"""How uvicorn is to serve the gateway: `uvicorn.Config(app, **OPTIONS)`."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.gateway.errors import HeadersTooLarge, NotHttp
from services.gateway.settings import Settings
from shared.errors import Refused
from shared.events import new_id
from shared.problem import document


class DoorProtocol(HttpToolsProtocol):
    """uvicorn's protocol with what it lacks: a cap and a time for headers, counted before an application is called.

    Without it a client may send headers without end, or one byte a minute.
    """

    header_cap: int = Settings.model_fields["header_cap"].default * 2
    header_timeout: float = Settings.model_fields["header_timeout"].default

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._in_head = True
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
            self._start_timer()
        super().data_received(data)
        if self._in_head and self._head_bytes > self.header_cap and not self.transport.is_closing():
            self._refuse(HeadersTooLarge(limit=self.header_cap))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._head_bytes = True, 0

    def send_400_response(self, msg: str) -> None:
        self._refuse(NotHttp())

    def _start_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.header_timeout, self._too_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()

    def _refuse(self, refusal: Refused) -> None:
        """A malformed request has no language and no id: Chinese, and a fresh one."""
        body = orjson.dumps(document(refusal, "zh", new_id().hex))
        self.transport.write(
            b"HTTP/1.1 %d Refused\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\n"
            b"x-content-type-options: nosniff\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b" % (refusal.status, len(body), body)
        )
        self.transport.close()


OPTIONS: dict[str, Any] = {
    "http": DoorProtocol,
    "ws": "none",
    "loop": "uvloop",
    "lifespan": "on",
    # uvicorn would believe the X-Forwarded-For of anything on this machine; the gateway has its own list.
    "proxy_headers": False,
    "server_header": False,
    "access_log": False,
    "timeout_keep_alive": 15,
    "timeout_graceful_shutdown": 5,
}
