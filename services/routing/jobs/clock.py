"""What is due now in bulk jobs."""

from __future__ import annotations

from services.routing.jobs import actions
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=1, share=0.5)
async def jobs_under_way(tx: Tx) -> int:
    """The next batch of a job; it gives way to what somebody waits for."""
    return await actions.work_on(tx)


@sweeps.every(seconds=600, pause=1)
async def jobs_over(tx: Tx) -> int:
    """Jobs whose hours are over."""
    return await actions.delete_old(tx)
