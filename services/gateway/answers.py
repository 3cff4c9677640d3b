"""What the gateway adds to answers and takes from them: security headers, and its own refusals."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from services.gateway.exchange import Send
from services.gateway.requests import HOP_BY_HOP, Headers
from shared.errors import Refused
from shared.problem import document
from shared.texts import language_of

API_POLICY = b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_COMMON: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_API = (*_COMMON, (b"content-security-policy", API_POLICY))
_PAGES = (
    *_COMMON,
    (b"content-security-policy", PAGE_POLICY),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_NO_STORE = (b"cache-control", b"no-store")

_DROPPED = HOP_BY_HOP | {b"server", b"date", b"x-request-id", b"strict-transport-security", b"via"} | {name for name, _ in _PAGES}


def secured(headers: Iterable[tuple[bytes, bytes]], request_id: bytes, *, https: bool, page: bool = False) -> Headers:
    """The headers of an answer on its way out: hop-by-hop ones gone, the gateway's own set.

    An answer that says nothing about caching is not to be stored; a service may say otherwise for a public page.
    """
    kept: Headers = []
    named, says_cache = b"", False
    for pair in headers:
        if pair[0] in _DROPPED:
            if pair[0] == b"connection":
                named += b"," + pair[1]
        else:
            says_cache = says_cache or pair[0] == b"cache-control"
            kept.append(pair)
    if named:
        listed = {token.strip().lower() for token in named.split(b",")} - {b""}
        kept = [pair for pair in kept if pair[0] not in listed]
    if not says_cache:
        kept.append(_NO_STORE)
    kept.append((b"x-request-id", request_id))
    kept.extend(_PAGES if page else _API)
    if https:
        kept.append(_HSTS)
    return kept


async def refuse(send: Send, refusal: Refused, *, method: str, request_id: bytes, accept_language: bytes, https: bool) -> None:
    """Answers with the refusal's problem document."""
    language = language_of(accept_language.decode("latin-1"))
    body = orjson.dumps(document(refusal, language, request_id.decode()), default=str)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"content-language", language.encode()),
        *((name.lower().encode(), value.encode()) for name, value in refusal.headers.items()),
    ]
    closing = [(b"connection", b"close")] if refusal.headers.get("Connection") == "close" else []
    await send(
        {
            "type": "http.response.start",
            "status": refusal.status,
            "headers": secured(headers, request_id, https=https) + closing,
        }
    )
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
