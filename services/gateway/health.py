"""What all services say of themselves, asked in parallel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import orjson

from services.gateway.connection import Broke
from services.gateway.tokens import PublishedKeys
from services.gateway.upstream import Away, Busy, Upstream

_FRESH = 1.0
"""Seconds for which an answer stands, so that nobody multiplies his requests through this door."""


class Health:
    """The suite's health: each service's own words from `/health/live`, `/health/ready` and `/health/flow`."""

    def __init__(self, upstreams: Iterable[Upstream], keys: PublishedKeys, timeout: float) -> None:
        self._upstreams, self._keys, self._timeout = tuple(upstreams), keys, timeout
        self._lock = asyncio.Lock()
        self._last: tuple[float, int, dict[str, Any]] = (float("-inf"), 503, {})

    def targets(self, own: str) -> list[dict[str, Any]]:
        """Where Prometheus finds the metrics, in the form of its HTTP service discovery. `own` is the gateway as it was asked."""
        found = {"gateway": own} | {upstream.name: upstream.authority.decode() for upstream in self._upstreams}
        return [{"targets": [address], "labels": {"service": name}} for name, address in found.items()]

    async def report(self) -> tuple[int, dict[str, Any]]:
        """(status, report): 200 when every service is ready to serve, else 503."""
        async with self._lock:
            at, status, report = self._last
            if time.monotonic() > at + _FRESH:
                status, report = await self._ask_all()
                self._last = (time.monotonic(), status, report)
            return status, report

    async def _ask_all(self) -> tuple[int, dict[str, Any]]:
        told = await asyncio.gather(*(self._ask(upstream) for upstream in self._upstreams))
        services = {upstream.name: words for upstream, words in zip(self._upstreams, told, strict=True)}
        all_ready = all(words["ready"] for words in told)
        flows = all(words["flows"] for words in told)
        status = "down" if not all_ready else "ready" if flows else "stands"
        gateway = {"bus": self._keys.is_connected, "signing_keys": self._keys.set_no if self._keys.are_known else None}
        return 200 if all_ready else 503, {"status": status, "gateway": gateway, "services": services}

    async def _ask(self, upstream: Upstream) -> dict[str, Any]:
        live, ready, flow = await asyncio.gather(*(self._get(upstream, f"/health/{what}") for what in ("live", "ready", "flow")))
        flow_words = {name: value for name, value in flow[1].items() if name not in ("service", "status")}
        if live[0] != 200:
            status = "down"
        elif ready[0] != 200:
            status = str(ready[1].get("status", "not_ready"))
        else:
            status = "ready" if flow[0] == 200 else str(flow[1].get("status", "stands"))
        return {"status": status, "live": live[0] == 200, "ready": ready[0] == 200, "flows": flow[0] == 200, **flow_words}

    async def _get(self, upstream: Upstream, path: str) -> tuple[int, dict[str, Any]]:
        try:
            status, body = await upstream.fetch(path, self._timeout)
            words = orjson.loads(body)
        except (Away, Busy, Broke, TimeoutError, orjson.JSONDecodeError):
            return 0, {}
        return status, words if isinstance(words, dict) else {}
