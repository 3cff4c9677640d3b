"""The outermost ASGI application: everything from outside comes through here, and nothing else answers."""

from __future__ import annotations

from services.gateway.addresses import Addresses, subject_of
from services.gateway.answers import refuse, secured
from services.gateway.errors import ServiceUnknown
from services.gateway.exchange import App, Receive, Scope, Send
from services.gateway.proxy import Proxy
from services.gateway.quotas import Asked, Quotas
from services.gateway.requests import Request
from services.gateway.settings import Settings
from shared.errors import Refused

_LOCAL_API = ("/api/health", "/api/openapi.json", "/api/docs")
_OPERATORS = ("/health/", "/metrics", "/openapi.json", "/docs")


class Door:
    """Services' paths go to the proxy, the gateway's own to the FastAPI application inside; WebSockets are refused."""

    def __init__(self, inside: App, proxy: Proxy, quotas: Quotas, addresses: Addresses, settings: Settings) -> None:
        self.inside, self._proxy, self._quotas, self._addresses, self._settings = inside, proxy, quotas, addresses, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI scope."""
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith("/api/") and path not in _LOCAL_API:
                await self._proxy(scope, receive, send)
            else:
                await self._own(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1003})
        else:
            await self.inside(scope, receive, send)

    async def _own(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, self._settings, self._addresses)

        async def tell(message: Scope) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = secured(message.get("headers", ()), request.request_id, https=request.https, page=True)
            await send(message)

        try:
            request.check(self._settings)
            if request.decoded.startswith(_OPERATORS) and not self._addresses.is_operator(request.address):
                raise ServiceUnknown
            self._quotas.early(Asked(request.method, request.decoded, subject_of(request.address), request.metered))
        except Refused as refusal:
            await refuse(
                send,
                refusal,
                method=request.method,
                request_id=request.request_id,
                accept_language=request.accept_language,
                https=request.https,
            )
            return
        # Nothing in here asks who calls; a token has no business with a page.
        headers = [pair for pair in request.outgoing if pair[0] != b"authorization"]
        await self.inside({**scope, "headers": [*headers, (b"traceparent", request.traceparent)]}, receive, tell)
