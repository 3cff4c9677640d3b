"""What surrounds each request of a service, as plain ASGI: request id, trace, metrics, access log."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from starlette.requests import Request

from shared import tracing
from shared.errors import BodyTooLarge
from shared.events.base import new_id
from shared.metrics import Metrics
from shared.problem import respond

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger("lianxin.http")

_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
_TRACEPARENT = re.compile(r"^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")
_QUIET = ("/health/", "/metrics")


class Edge:
    """ASGI middleware. Logs name the route's template, never the path or query: those may hold what a person typed."""

    def __init__(self, app: App, *, metrics: Metrics, body_limit: int, sample: float) -> None:
        self.app, self.metrics, self.body_limit, self.sample = app, metrics, body_limit, sample

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.match(given) else str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id
        status, started, started_answer = 500, time.perf_counter(), False

        async def tell(message: MutableMapping[str, Any]) -> None:
            nonlocal status, started_answer
            if message["type"] == "http.response.start":
                started_answer = True
                status = message["status"]
                message["headers"] = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
            await send(message)

        traceparent = self._traceparent(headers.get("traceparent"))
        scope["state"]["traceparent"] = traceparent
        with structlog.contextvars.bound_contextvars(request_id=request_id, trace_id=traceparent[3:35]):
            if not tracing.is_sampled(traceparent):
                # A span that nobody records would cost 32 to 41 us a request.
                await self._serve(scope, receive, tell, lambda: started_answer)
            else:
                with tracing.server_span(f"{scope['method']} request", {"traceparent": traceparent}) as span:
                    scope["state"]["traceparent"] = tracing.traceparent_of(span)
                    await self._serve(scope, receive, tell, lambda: started_answer)
                    span.update_name(f"{scope['method']} {_template(scope)}")
                    span.set_attribute("http.response.status_code", status)
            self._note(scope["method"], _template(scope), status, time.perf_counter() - started)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, has_begun: Callable[[], bool]) -> None:
        """Runs the application; what it raises becomes a problem document, unless its answer has begun."""
        try:
            length = dict(scope["headers"]).get(b"content-length", b"")
            if length.isdigit() and int(length) > self.body_limit:
                # FastAPI would refuse it as well, but in plain text; what comes in chunks it refuses as we ask.
                raise BodyTooLarge(where="body")
            await self.app(scope, receive, send)
        except Exception as error:
            if has_begun():
                raise
            await respond(Request(scope), error)(scope, receive, send)

    def _traceparent(self, given: str | None) -> str:
        """The caller's trace context, or a new one; new ones are sampled as the setting says."""
        if given and _TRACEPARENT.match(given):
            return given
        sampled = random.random() < self.sample  # noqa: S311 - a share, no secret
        return f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-{'01' if sampled else '00'}"

    def _note(self, method: str, route: str, status: int, seconds: float) -> None:
        self.metrics.requests.labels(route, method, str(status)).inc()
        self.metrics.request_seconds.labels(route).observe(seconds)
        if not route.startswith(_QUIET):
            log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _template(scope: Scope) -> str:
    route = scope.get("route")
    return str(getattr(route, "path", "")) or "unknown"
