"""`/api/<service>/<path>` to the service's `<path>`: plain ASGI, with nothing known of any endpoint."""

from __future__ import annotations

import asyncio
import math
import time
from urllib.parse import unquote_to_bytes

import structlog
from prometheus_client import Counter, Histogram

from services.gateway.addresses import Addresses, pseudonym, subject_of
from services.gateway.answers import refuse, secured
from services.gateway.bodies import Body
from services.gateway.connection import Broke, Connection
from services.gateway.errors import BodyTooSlow, ServiceAway, ServiceBusy, ServiceTooSlow, ServiceUnknown
from services.gateway.exchange import ClientGone, Exchange, Receive, Scope, Send, Stalled, Ticker
from services.gateway.quotas import Asked, Quotas
from services.gateway.requests import Headers, Request, route_of
from services.gateway.settings import Settings
from services.gateway.tokens import Tokens
from services.gateway.upstream import Away, Busy, Upstream
from shared import tracing
from shared.errors import InternalError, Refused
from shared.metrics import Metrics

log = structlog.get_logger("lianxin.http")

_NOT_RECORDED = b"-00"
_GONE = 499
"""In logs and metrics only: the client left before its answer (nginx's number; HTTP has none)."""


class Proxy:
    """The hot path. `upstreams` by the service's name."""

    def __init__(
        self,
        settings: Settings,
        upstreams: dict[str, Upstream],
        addresses: Addresses,
        *,
        tokens: Tokens,
        quotas: Quotas,
        ticker: Ticker,
        metrics: Metrics,
    ) -> None:
        self._settings, self._upstreams, self._tokens, self._quotas = settings, upstreams, tokens, quotas
        self._ticker, self._metrics, self._addresses = ticker, metrics, addresses
        self._counters: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._log: structlog.typing.FilteringBoundLogger = log.bind()  # bound once: finding the configuration costs more than the line
        self._private = tuple(path.rstrip("/").encode() + b"/" for path in settings.private_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        started = time.perf_counter()
        passage = _Passage(Request(scope, self._settings, self._addresses), send)
        exchange = Exchange(receive)
        self._ticker.running.add(exchange)
        try:
            await self._serve(passage, exchange)
        except asyncio.CancelledError as cancelled:
            await passage.fail(exchange.reason_for(cancelled), exchange.waits_for)
        except Exception as error:
            await passage.fail(error, exchange.waits_for)
        finally:
            self._ticker.running.discard(exchange)
            exchange.finish()
            self._note(passage, time.perf_counter() - started)

    async def _serve(self, passage: _Passage, exchange: Exchange) -> None:
        request, settings, quotas = passage.request, self._settings, self._quotas
        request.check(settings)
        upstream, target = self._destination(request)
        passage.upstream = upstream
        asked = Asked(request.method, request.decoded, subject_of(request.address), request.metered)
        passage.keys = quotas.early(asked)
        if request.authorization:
            asked.account = await self._tokens.account_of(request.authorization)
        rules = quotas.further(asked)
        body = Body(request, settings, hold=any(rule.body_fields for rule in rules))
        exchange.deadline = asyncio.get_running_loop().time() + settings.body_timeout
        await body.read(exchange)
        passage.keys += quotas.late(rules, asked, body.whole or b"")
        if request.traceparent.endswith(_NOT_RECORDED):
            await self._forward(passage, exchange, upstream, target, body)
            return
        with tracing.server_span(f"{request.method} {route_of(request.path)}", {"traceparent": request.traceparent.decode()}) as span:
            request.traceparent = tracing.traceparent_of(span).encode()
            await self._forward(passage, exchange, upstream, target, body)
            span.set_attribute("http.response.status_code", passage.status)

    def _destination(self, request: Request) -> tuple[Upstream, bytes]:
        _, _, name, rest = (*request.path.split(b"/", 3), b"")[:4]
        target = b"/" + rest
        upstream = self._upstreams.get(name.decode())
        # Compared as the service will read it: %68ealth is health.
        plain = unquote_to_bytes(target) + b"/"
        if upstream is None or plain.startswith(self._private):
            raise ServiceUnknown
        return upstream, target + b"?" + request.query if request.query else target

    async def _forward(self, passage: _Passage, exchange: Exchange, upstream: Upstream, target: bytes, body: Body) -> None:
        request, settings, loop = passage.request, self._settings, asyncio.get_running_loop()
        exchange.waits_for = "answer"
        exchange.deadline = loop.time() + settings.answer_timeout
        headers = [*request.outgoing, (b"traceparent", request.traceparent), *body.framing]
        connection = await upstream.connection()
        whole = False
        try:
            with upstream.in_hand():
                connection.begin(upstream.request(request.method.encode(), target, headers, body.whole), bodyless=request.method == "HEAD")
                body.start(connection, exchange)
                await connection.head()
            await self._hand_back(passage, exchange, upstream, connection)
            whole = body.is_sent
        finally:
            body.stop()
            if whole:
                connection.release()
            else:
                connection.close()

    async def _hand_back(self, passage: _Passage, exchange: Exchange, upstream: Upstream, connection: Connection) -> None:
        request, loop, stall = passage.request, asyncio.get_running_loop(), self._settings.stall_timeout
        headers = secured(connection.headers, request.request_id, https=request.https)
        if 300 <= connection.status < 400 or connection.status == 201:
            headers = _relocated(headers, upstream)
        await passage.start(connection.status, headers)
        while True:
            # Only a service is ever waited for without end, and only for the next event of a stream.
            exchange.deadline = math.inf if connection.is_stream and not connection.has_part else loop.time() + stall
            part = await connection.take()
            exchange.deadline = loop.time() + stall
            await passage.body(part, more=not connection.is_finished)
            if connection.is_finished:
                return

    def _note(self, passage: _Passage, seconds: float) -> None:
        request, status = passage.request, passage.status
        self._quotas.settle(passage.keys, status)
        service = passage.upstream.name if passage.upstream else "none"
        counted = (service, request.method, status)
        if counted not in self._counters:
            route, metrics = f"/api/{service}", self._metrics
            self._counters[counted] = (metrics.requests.labels(route, request.method, str(status)), metrics.request_seconds.labels(route))
        requests, durations = self._counters[counted]
        requests.inc()
        durations.observe(seconds)
        if self._settings.access_log:
            self._log.info(
                "request",
                method=request.method,
                route=route_of(request.path),
                status=status,
                ms=round(seconds * 1000, 1),
                request_id=request.request_id.decode(),
                client=pseudonym(request.address),
            )


class _Passage:
    """What has happened so far, so that a failure at any point is told in the right way."""

    __slots__ = ("_send", "keys", "request", "started", "status", "upstream")

    def __init__(self, request: Request, send: Send) -> None:
        self.request, self._send = request, send
        self.status = 500
        self.started = False
        self.keys: list[str] = []
        self.upstream: Upstream | None = None

    async def start(self, status: int, headers: Headers) -> None:
        self.started, self.status = True, status
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def body(self, part: bytes, *, more: bool) -> None:
        await self._send({"type": "http.response.body", "body": part, "more_body": more})

    async def fail(self, reason: Exception, waited_for: str) -> None:
        """Answers with what `reason` means. An answer already begun is cut off: returning unfinished makes the server do that."""
        if isinstance(reason, ClientGone):
            self.status = _GONE
            return
        refusal = _refusal(reason, self.upstream.name if self.upstream else "", waited_for)
        if isinstance(refusal, InternalError):
            log.error("request_failed", error=type(reason).__name__, exc_info=reason)
        if self.started:
            log.warning("answer_cut_off", service=self.upstream.name if self.upstream else "", reason=type(reason).__name__)
            return
        request, self.status = self.request, refusal.status
        await refuse(
            self._send,
            refusal,
            method=request.method,
            request_id=request.request_id,
            accept_language=request.accept_language,
            https=request.https,
        )


def _refusal(reason: Exception, service: str, waited_for: str) -> Refused:
    match reason:
        case Refused():
            return reason
        case Stalled():
            return BodyTooSlow(where="body") if waited_for == "request" else ServiceTooSlow(service=service)
        case Busy():
            return ServiceBusy(service=service)
        case Away() | Broke():
            return ServiceAway(service=service)
        case _:
            return InternalError()


def _relocated(headers: Headers, upstream: Upstream) -> Headers:
    """A `Location` in the service's own terms, in those of the outside."""
    prefix = b"/api/" + upstream.name.encode()

    def moved(value: bytes) -> bytes:
        own = value.removeprefix(upstream.origin) if value.startswith(upstream.origin + b"/") else value
        is_own = own.startswith(b"/") and not own.startswith((b"//", prefix + b"/"))
        return prefix + own.removeprefix(upstream.base) if is_own else value

    return [(name, moved(value)) if name == b"location" else (name, value) for name, value in headers]
