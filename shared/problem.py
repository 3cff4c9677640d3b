"""Every refusal and failure as RFC 9457 `application/problem+json`: what, where, what to do."""

from __future__ import annotations

from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.db import is_outage, sqlstate
from shared.defects import describe
from shared.errors import BodyTooLarge, DatabaseAway, InternalError, InvalidRequest, MalformedJson, MethodNotAllowed, NotFound, Refused
from shared.texts import folder_of, language_of, text

log = structlog.get_logger("lianxin.problem")

_NOT_STORABLE = ("22021", "22P05")
"""PostgreSQL: a character that `text` cannot hold, such as NUL."""


def document(refusal: Refused, language: str, request_id: str) -> dict[str, Any]:
    """The problem document of a refusal in `zh` or `en`."""
    words = text(folder_of(type(refusal)), refusal.code(), language, **refusal.values)
    problem = {
        "type": f"urn:lianxin:problem:{refusal.code()}",
        "title": words["title"],
        "status": refusal.status,
        "code": refusal.code(),
        "detail": words["advice"],
        "request_id": request_id,
    }
    if refusal.where:
        problem["where"] = refusal.where
    return problem | {name: refusal.values[name] for name in refusal.shown if name in refusal.values}


def answer(refusal: Refused, language: str, request_id: str) -> Response:
    """The HTTP response of a refusal."""
    body = orjson.dumps(document(refusal, language, request_id), default=str)
    headers = {**refusal.headers, "Cache-Control": "no-store", "Content-Language": language}
    return Response(body, status_code=refusal.status, headers=headers, media_type="application/problem+json")


def refusal_of(error: Exception) -> Refused:
    """The refusal that an exception amounts to; InternalError for a defect."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, RequestValidationError):
        return _validation(error)
    if isinstance(error, HTTPException):
        return {404: NotFound, 405: MethodNotAllowed, 413: BodyTooLarge}.get(error.status_code, InvalidRequest)(errors=[])
    if is_outage(error):
        return DatabaseAway()
    if sqlstate(error) in _NOT_STORABLE or isinstance(error, UnicodeEncodeError):
        return InvalidRequest(errors=[{"where": "body", "what": "a character that cannot be stored"}])
    return InternalError()


def _validation(error: RequestValidationError) -> Refused:
    # `input` and `ctx` are left out: they repeat what the sender wrote.
    found = [{"where": ".".join(map(str, e["loc"])), "what": e["msg"], "kind": e["type"]} for e in error.errors()[:50]]
    if any(e["kind"] == "json_invalid" for e in found):
        return MalformedJson(where="body")
    return InvalidRequest(where=found[0]["where"] if found else None, errors=found)


def respond(request: Request, error: Exception) -> Response:
    """The answer to a request that raised `error`; a defect is logged with its place, a refusal is not."""
    refusal = refusal_of(error)
    if isinstance(refusal, BodyTooLarge):
        refusal.values["limit"] = request.app.state.settings.body_limit
    if isinstance(refusal, InternalError):
        log.error("request_failed", error=describe(error))
    elif isinstance(refusal, DatabaseAway):
        log.warning("database_away", error=type(error).__name__)
    language = language_of(request.headers.get("accept-language"))
    return answer(refusal, language, getattr(request.state, "request_id", ""))


def install(app: FastAPI) -> None:
    """Makes the application answer its refusals as problem documents; `shared.edge` does so for what nobody expected."""

    async def handle(request: Request, error: Exception) -> Response:
        return respond(request, error)

    for kind in (Refused, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, handle)
