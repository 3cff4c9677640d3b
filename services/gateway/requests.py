"""Reading a request at the door: one pass over its headers, what is passed on, and what two readers could take differently."""

from __future__ import annotations

import os
import re
from collections.abc import MutableMapping
from typing import Any

from services.gateway.addresses import Addresses
from services.gateway.errors import HeadersTooLarge, NotHttp, PathNotAccepted, RequestNotClear, WebSocketNotOffered
from services.gateway.settings import Settings
from shared.errors import MethodNotAllowed

Headers = list[tuple[bytes, bytes]]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

# RFC 9110, section 7.6.1, and the names that were never registered but do occur. `Expect` is answered by the server here.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
        b"expect",
    }
)
_FORWARDED = frozenset(
    b"x-forwarded-" + word for word in (b"for", b"proto", b"host", b"port", b"prefix", b"server", b"by", b"scheme", b"ssl", b"path", b"uri")
)
# Set by the gateway itself, whatever the client says.
_OWN = frozenset({b"host", b"content-length", b"x-request-id", b"traceparent", b"forwarded", b"x-real-ip", b"via"})
_DROPPED = HOP_BY_HOP | _OWN | _FORWARDED
_ONCE = (
    b"host",
    b"authorization",
    b"content-type",
    b"content-length",
    b"idempotency-key",
    b"if-match",
    b"x-lookup-code",
    b"x-upload-token",
    b"upload-offset",
)

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_TRACEPARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_PATH = re.compile(rb"/[!$%&'()*+,\-./0-9:;=@A-Z_a-z~]*")  # RFC 3986, section 3.3
_UNCLEAR = re.compile(rb"//|/\.{1,2}(?:/|$)|%(?:2[fF]|5[cC]|0|1|7[fF]|25)|%(?![0-9A-Fa-f]{2})")
_DOTS = re.compile(rb"%2[eE]")
_ID_LIKE = re.compile(rb"/(?:[^/]*\d[^/]*|[^/]{25,})")


class Request:
    """What the gateway needs to know of a request. Reading never raises; `check` does."""

    __slots__ = (
        "accept_language",
        "address",
        "authorization",
        "chunked",
        "content_length",
        "count",
        "decoded",
        "https",
        "metered",
        "method",
        "outgoing",
        "path",
        "query",
        "request_id",
        "size",
        "traceparent",
        "unclear",
        "upgrade",
        "version",
    )

    def __init__(self, scope: MutableMapping[str, Any], settings: Settings, addresses: Addresses) -> None:
        self.method: str = scope["method"]
        self.path: bytes = scope["raw_path"]
        self.decoded: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.version: str = scope.get("http_version", "1.1")
        self.chunked = False
        self.upgrade = b""
        self._read(scope, addresses, settings.trace_sample)

    def _read(self, scope: MutableMapping[str, Any], addresses: Addresses, sample: float) -> None:
        headers: Headers = scope["headers"]
        size, named = len(self.path) + len(self.query), b""
        seen: dict[bytes, bytes | None] = {}
        forwarded: dict[bytes, bytes] = {}
        outgoing: Headers = []
        for name, value in headers:
            size += len(name) + len(value) + 4
            if name in _DROPPED:
                if name == b"connection":
                    named += b"," + value
                elif name == b"transfer-encoding":
                    self.chunked = True
                elif name == b"upgrade":
                    self.upgrade = value
                elif name in _FORWARDED:
                    forwarded[name] = forwarded[name] + b"," + value if name in forwarded else value
            else:
                outgoing.append((name, value))
            seen[name] = None if name in seen else value
        self.size, self.count = size, len(headers)
        self.unclear = next((n for n in _ONCE if n in seen and seen[n] is None), b"")
        if b"host" not in seen and self.version != "1.0":
            self.unclear = b"host"
        self._keep(seen, sample)
        self.address, self.https = addresses.client_of(scope, forwarded)
        # A local proxy that nobody listed speaks for many: it is not unmetered.
        self.metered = bool(forwarded) or not addresses.is_unmetered(self.address)
        self.outgoing = self._passed_on(outgoing, named)

    def _keep(self, seen: dict[bytes, bytes | None], sample: float) -> None:
        self.authorization = seen.get(b"authorization") or b""
        self.accept_language = seen.get(b"accept-language") or b""
        trace = _TRACEPARENT.fullmatch(seen.get(b"traceparent") or b"")
        noise = os.urandom(24).hex().encode()
        trace_id = trace[1] if trace else noise[:32]
        # A new trace is decided here, as OpenTelemetry's TraceIdRatioBased would; a span that is not recorded costs 32 µs all the same.
        flag = b"01" if int(trace_id[-14:], 16) < sample * 2**56 else b"00"
        self.traceparent = trace[0] if trace else b"00-%b-%b-%b" % (trace_id, noise[32:], flag)
        given = seen.get(b"x-request-id") or b""
        self.request_id = given if _REQUEST_ID.fullmatch(given) else trace_id
        length = seen.get(b"content-length") or b""
        self.content_length = int(length) if length.isdigit() else None

    def _passed_on(self, outgoing: Headers, named: bytes) -> Headers:
        if named:
            listed = {token.strip().lower() for token in named.split(b",")} - {b"", b"close", b"keep-alive"}
            if listed:
                outgoing = [pair for pair in outgoing if pair[0] not in listed]
        outgoing += (
            (b"x-request-id", self.request_id),
            (b"x-forwarded-for", self.address.encode()),
            (b"x-forwarded-proto", b"https" if self.https else b"http"),
        )
        return outgoing

    def check(self, settings: Settings) -> None:
        """Refuses what must not reach any service. Raises a Refused."""
        if self.size > settings.header_cap or self.count > settings.header_count:
            raise HeadersTooLarge(limit=settings.header_cap)
        if self.upgrade.lower().startswith(b"websocket"):
            raise WebSocketNotOffered
        if self.method not in METHODS:
            raise MethodNotAllowed
        if self.version == "0.9":
            raise NotHttp
        if self.unclear:
            raise RequestNotClear(header=self.unclear.decode(), where=self.unclear.decode())
        if not _PATH.fullmatch(self.path) or _UNCLEAR.search(_DOTS.sub(b".", self.path)):
            raise PathNotAccepted

    @property
    def has_body(self) -> bool:
        """Whether a body follows the headers (RFC 9112, section 6.3)."""
        return self.chunked or bool(self.content_length)


def route_of(path: bytes) -> str:
    """The path for logs and metrics: whatever may be a number, a code or an id is cut out."""
    return _ID_LIKE.sub(b"/{}", path[:512]).decode("latin-1")
