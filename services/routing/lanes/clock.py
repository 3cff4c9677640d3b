"""What is due now on the fast lane."""

from __future__ import annotations

from services.routing.lanes import actions
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=30)
async def fast_lane_late(tx: Tx) -> int:
    """Tells of plans and effects that were not there when they were due."""
    return await actions.tell_late(tx)
