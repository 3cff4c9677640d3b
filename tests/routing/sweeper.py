"""A replica of routing that does nothing but sweep for late replies, as a process of its own: `python -m tests.routing.sweeper`."""

from __future__ import annotations

import asyncio

from services.routing.clock import sweeps
from services.routing.main import build
from shared.sweeps import run_forever

if __name__ == "__main__":
    state = build().state
    overdue = next(sweep for sweep in sweeps.all if sweep.name == "overdue")
    asyncio.run(run_forever(state.database, overdue, state.metrics))
