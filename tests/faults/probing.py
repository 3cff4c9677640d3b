"""How long a message needs to its case while something else goes on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

from tests.faults.arena import Arena
from tests.faults.residents import Residents


@contextlib.asynccontextmanager
async def slowest_meanwhile(arena: Arena, people: Residents) -> AsyncIterator[Callable[[], float]]:
    """Sends a message after another until the block ends; gives the seconds of the slowest so far, from sending to its case."""
    slowest, over = 0.0, False

    async def probe() -> None:
        nonlocal slowest
        while not over:
            started = time.monotonic()
            slowest = max(slowest, await arena.until_case(await people.one()) - started)
            await asyncio.sleep(0.2)

    probing = asyncio.create_task(probe())
    try:
        yield lambda: slowest
    finally:
        over = True
        await probing
