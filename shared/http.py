"""The HTTP edge of a service: one transaction per request, refusals as problem+json, versions, pages."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable, Coroutine, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.requests import ClientDisconnect

from shared import crash, idempotency
from shared.audit import DONE, REPEATED
from shared.audit_http import WRITES, note, note_refused
from shared.db import Tx, is_conflict
from shared.errors import CursorNotReadable, InvalidRequest, Refused, StaleVersion, VersionMissing, VersionNotReadable
from shared.identity import caller_of
from shared.texts import language_of

_TRIES = 3

Row = TypeVar("Row")
Item = TypeVar("Item")


class TransactionRoute(APIRoute):
    """Runs a route in one transaction that is committed before the answer leaves, together with its stored answer."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        idempotent = (self.openapi_extra or {}).get("x-idempotent", True)

        async def in_transaction(request: Request) -> Response:
            keyed = request.method in WRITES and idempotent and idempotency.HEADER in request.headers
            for attempt in range(_TRIES):
                try:
                    return await _run(request, handle, keyed=keyed, secret=not idempotent)
                except Exception as error:
                    if not is_conflict(error) or attempt == _TRIES - 1:
                        if request.method in WRITES:
                            await note_refused(request, error)
                        raise
            raise AssertionError("unreachable")

        return in_transaction


async def _run(request: Request, handle: Callable[[Request], Coroutine[Any, Any, Response]], *, keyed: bool, secret: bool) -> Response:
    writes = request.method in WRITES
    if writes and not secret:
        request.state.body = await _body(request)
    database = request.app.state.database
    kept: Refused | None = None
    async with database.transaction(reading=not writes) as tx:
        request.state.tx = tx
        tx.traceparent = getattr(request.state, "traceparent", None)
        begun = await _begin(request, tx) if keyed else None
        if isinstance(begun, Response):
            await note(request, tx, REPEATED)
            return begun
        try:
            response = await handle(request)
        except Refused as refusal:
            if not refusal.keeps:
                raise
            kept = refusal
        else:
            if begun is not None and response.status_code < 400:
                idempotency.keep(tx, begun, response)
        if writes:
            await note(request, tx, kept.code() if kept is not None else DONE)
    if kept is not None:
        raise kept
    crash.point("before_answer", database.service)
    return response


async def _body(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect as error:
        raise InvalidRequest(where="body", errors=[]) from error


async def _begin(request: Request, tx: Tx) -> idempotency.Attempt | Response:
    caller = await caller_of(request)
    return await idempotency.begin(
        tx,
        key=request.headers[idempotency.HEADER],
        caller=str(caller.account_id) if caller else "anyone",
        method=request.method,
        path=f"{request.url.path}?{request.url.query}",
        body=await request.body(),
    )


def service_router(*, transaction: bool = True, **options: Any) -> APIRouter:
    """A router for a service's routes. `transaction=False` is for streams, which must not hold a connection."""
    return APIRouter(route_class=TransactionRoute if transaction else APIRoute, **options)


# Dependencies are coroutines, though they wait for nothing: FastAPI runs a plain function in a thread of its own, which costs
# 0.1 ms of both cores each (measured, decision record 0015).


async def _tx(request: Request) -> Tx:
    tx: Tx = request.state.tx
    return tx


InTx = Annotated[Tx, Depends(_tx)]
"""The request's transaction."""


async def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language"))


Lang = Annotated[str, Depends(_language)]
"""`zh` or `en`, as the client prefers."""


async def _version(if_match: Annotated[str | None, Header(description="the version you start from")] = None) -> int:
    if if_match is None:
        raise VersionMissing(where="If-Match")
    plain = if_match.strip().removeprefix("W/").strip('"')
    if not plain.isascii() or not plain.isdigit() or len(plain) > 9:
        raise VersionNotReadable(where="If-Match")
    return int(plain)


IfMatch = Annotated[int, Depends(_version)]
"""The version in `If-Match`; without the header the request is refused with 428."""


def check_version(current: int, expected: int) -> None:
    """Raises StaleVersion, which carries the current version, when somebody else wrote first."""
    if current != expected:
        raise StaleVersion(where="If-Match", current=current)


class RequestModel(BaseModel):
    """Base of request bodies: unknown members are refused, white space around texts is cut, NUL is refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[Item]
    next_cursor: str | None = None


class PageQuery(BaseModel):
    """`cursor` and `limit` of a list request."""

    cursor: str | None = Field(default=None, max_length=500)
    limit: int = Field(default=20, ge=1, le=100)

    def after(self, *kinds: type) -> tuple[Any, ...] | None:
        """The sort key of the last row of the page before, or None at the start.

        Raises CursorNotReadable, also when the cursor is of a list whose key has other types than `kinds`.
        """
        if not self.cursor:
            return None
        values = tuple(decode_cursor(self.cursor))
        if tuple(type(v) for v in values) != kinds or any(isinstance(v, int) and not -(2**63) <= v < 2**63 for v in values):
            raise CursorNotReadable(where="cursor")
        return values


def _absent(value: Any) -> Any:
    return None if value == "" else value


Blank = BeforeValidator(_absent)
"""For optional query parameters: `?status=` means the same as leaving it out, as forms and generated clients send it."""


async def _page(
    cursor: Annotated[str | None, Query(max_length=500)] = None, limit: Annotated[Annotated[int, Field(ge=1, le=100)] | None, Blank] = None
) -> PageQuery:
    return PageQuery(cursor=cursor, limit=20 if limit is None else limit)


Paging = Annotated[PageQuery, Depends(_page)]
"""Dependency for `cursor` and `limit`."""


def page_of(rows: Sequence[Row], limit: int, key: Callable[[Row], Sequence[Any]]) -> tuple[Sequence[Row], str | None]:
    """Cuts `limit + 1` fetched rows to a page: its rows, and the cursor of the next page or None."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_cursor(key(rows[limit - 1]))


def encode_cursor(values: Sequence[Any]) -> str:
    """A cursor that holds a row's sort key. Ids, times, dates, numbers and texts keep their type."""
    tagged = [[_tag(v), v.isoformat() if isinstance(v, (datetime, date)) else v if isinstance(v, int) else str(v)] for v in values]
    return base64.urlsafe_b64encode(orjson.dumps(tagged)).decode().rstrip("=")


def decode_cursor(cursor: str) -> list[Any]:
    """The sort key in a cursor. Raises CursorNotReadable."""
    try:
        tagged = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [_READERS[tag](value) for tag, value in tagged]
    except (binascii.Error, ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise CursorNotReadable(where="cursor") from error


def _tag(value: Any) -> str:
    # By isinstance, a datetime before a date: asyncpg's ids and others are subclasses.
    return next(tag for kind, tag in _TAGS if isinstance(value, kind))


_TAGS: tuple[tuple[type, str], ...] = ((uuid.UUID, "u"), (datetime, "t"), (date, "d"), (int, "i"), (Decimal, "n"), (str, "s"))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment


_READERS: dict[str, Callable[[Any], Any]] = {"u": uuid.UUID, "t": _moment, "d": date.fromisoformat, "i": int, "n": Decimal, "s": str}
