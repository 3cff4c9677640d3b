"""A small client of the gateway for the demo: sign-in, JSON, pages, and patience where events are still under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

PATIENCE = 60.0
"""Seconds in which what one service said must have reached the next."""

_SOON = (409, 422, 429, 502, 503, 504)
_LONGEST_PAUSE = 2.0
"""Seconds: what `Retry-After` asks for while the database is away. A hundred clients that ask five times a second hold it down."""


class Refusal(Exception):
    """The suite refused something that the demo needs."""

    def __init__(self, method: str, path: str, status: int, problem: Any) -> None:
        super().__init__(f"{method} {path}: {status} {problem}")
        self.status = status
        told = problem if isinstance(problem, dict) else {}
        self.code, self.detail = str(told.get("code", "")), str(told.get("detail", ""))


class Api:
    """The suite as seen from outside. Tokens are fetched anew before they end; `patience` is in seconds."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._url = url
        self._patience = patience
        self._tokens: dict[str, tuple[str, float, dict[str, Any]]] = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._session.close()

    async def sign_in(self, account: dict[str, Any]) -> str:
        """Signs an account in; the name it returns stands for its token in the other calls."""
        answer = await self.patiently(lambda: self._call("POST", "/api/directory/login", {k: account[k] for k in ("username", "password")}))
        self._tokens[account["username"]] = (answer["access_token"], time.monotonic() + answer["expires_in"] - 60, account)
        return str(account["username"])

    async def get(self, path: str, *, token: str | None = None, lookup: str | None = None) -> Any:
        """One GET. Raises Refusal."""
        return await self._call("GET", path, token=token, lookup=lookup)

    async def post(
        self,
        path: str,
        data: Any = None,
        *,
        body: bytes | None = None,
        token: str | None = None,
        version: int | None = None,
        key: str | None = None,
        lookup: str | None = None,
    ) -> Any:
        """One POST of JSON, or of a CSV `body`. Raises Refusal."""
        return await self._call("POST", path, data, body=body, token=token, version=version, key=key, lookup=lookup)

    async def all(self, path: str, *, token: str) -> list[Any]:
        """Every item of a list, page after page."""
        items: list[Any] = []
        cursor = None
        while True:
            page = await self.get(f"{path}?limit=100{f'&cursor={cursor}' if cursor else ''}", token=token)
            items += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return items

    async def patiently(self, call: Callable[[], Awaitable[Any]], *, final: tuple[str, ...] = ()) -> Any:
        """The answer of `call`, tried again for a while when a service is away or something has not reached it yet.

        Refusals with a code in `final` are raised at once.
        """
        pause, deadline = 0.2, time.monotonic() + self._patience
        while True:
            try:
                return await call()
            except Refusal as refusal:
                if refusal.status not in _SOON or refusal.code in final or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def until(self, path: str, fits: Callable[[Any], Any], *, token: str | None = None, lookup: str | None = None) -> Any:
        """Reads `path` until the answer fits, and gives what `fits` gave. Raises TimeoutError."""
        pause, deadline = 0.03, time.monotonic() + self._patience
        while time.monotonic() < deadline:
            try:
                if found := fits(await self.get(path, token=token, lookup=lookup)):
                    return found
            except Refusal as refusal:
                if refusal.status not in (*_SOON, 404):
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.5)
        raise TimeoutError(f"{path} did not come to what was awaited within {self._patience} s")

    async def _call(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        body: bytes | None = None,
        token: str | None = None,
        version: int | None = None,
        key: str | None = None,
        lookup: str | None = None,
    ) -> Any:
        headers = {"Content-Type": "text/csv; charset=utf-8"} if body is not None else {}
        if token:
            access, ends, account = self._tokens[token]
            if time.monotonic() > ends:
                await self.sign_in(account)
                access = self._tokens[token][0]
            headers["Authorization"] = f"Bearer {access}"
        given = {"If-Match": version, "Idempotency-Key": key, "X-Lookup-Code": lookup}
        headers |= {name: str(value) for name, value in given.items() if value is not None}
        content = data if body is None else None
        try:
            async with self._session.request(method, self._url + path, json=content, data=body, headers=headers) as answer:
                status = answer.status
                found = await answer.json(content_type=None) if status != 204 else None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Refusal(method, path.partition("?")[0], 503, {"code": type(error).__name__}) from error
        if status >= 400:
            raise Refusal(method, path.partition("?")[0], status, found)
        return found
