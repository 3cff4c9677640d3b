"""(f) How long a start takes and how much memory the suite holds, idle and under load."""

from __future__ import annotations

import asyncio
from typing import Any

import uvloop

from tests.bench.lifecycle import WARM_UP, lifecycles
from tests.bench.place import Place

SETTLES = 8.0
"""Seconds after which an idle suite has done what follows a start."""
LOADED = 5.0
CLIENTS = 32


def footprint(place: Place, seed: str) -> dict[str, Any]:
    """One run: stops the suite and starts it on the data it has; then its PSS in MB, idle and under the load of (a)."""
    place.stop()
    seconds = place.start()

    async def look() -> tuple[dict[str, float], dict[str, float], dict[str, float], dict[str, Any]]:
        await asyncio.sleep(SETTLES)
        idle, meter = place.memory(), place.meter()
        await asyncio.sleep(LOADED)
        work = meter.ms()
        running = asyncio.create_task(lifecycles(place, CLIENTS, LOADED, seed))
        await asyncio.sleep(WARM_UP + LOADED - 1)
        return idle, work, place.memory(), await running

    idle, work, loaded, run = uvloop.run(look())
    return {
        "start_s": round(seconds, 2),
        "idle_mb": idle,
        "loaded_mb": loaded,
        "idle_total_mb": round(sum(idle.values()), 1),
        "loaded_total_mb": round(sum(loaded.values()), 1),
        "idle_cpu_percent_of_a_core": {name: round(ms / LOADED / 10, 2) for name, ms in work.items()},
        "errors": run["errors"],
        "first_error": run["first_error"],
    }
