"""Feels the pulse of every service process from outside while a fault acts (I4: nothing stands still unnoticed)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import aiohttp

EVERY = 0.5
SILENT = 10.0


@dataclass(slots=True)
class Pulse:
    """By service: statuses seen at `live`, `ready` and `flow`, and the slowest answer of `live` in seconds."""

    live: dict[str, set[int]] = field(default_factory=dict)
    ready: dict[str, set[int]] = field(default_factory=dict)
    flow: dict[str, set[int]] = field(default_factory=dict)
    slowest: float = 0.0

    def of(self, kind: str) -> set[int]:
        """All statuses of `live`, `ready` or `flow`; 0 stands for no answer."""
        return {status for seen in getattr(self, kind).values() for status in seen}


@contextlib.asynccontextmanager
async def pulse(ports: Mapping[str, int]) -> AsyncIterator[Pulse]:
    """Asks each service on its own port, twice a second, until the block ends."""
    felt = Pulse()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SILENT)) as session:

        async def ask(name: str, port: int, kind: str) -> None:
            started = time.monotonic()
            try:
                async with session.get(f"http://127.0.0.1:{port}/health/{kind}") as answer:
                    status = answer.status
            except (aiohttp.ClientError, TimeoutError):
                status = 0
            getattr(felt, kind).setdefault(name, set()).add(status)
            if kind == "live":
                felt.slowest = max(felt.slowest, time.monotonic() - started)

        async def feel(name: str, port: int) -> None:
            while True:
                for kind in ("live", "ready", "flow"):
                    await ask(name, port, kind)
                await asyncio.sleep(EVERY)

        fingers = [asyncio.create_task(feel(name, port)) for name, port in ports.items()]
        try:
            yield felt
        finally:
            for finger in fingers:
                finger.cancel()
            await asyncio.gather(*fingers, return_exceptions=True)
