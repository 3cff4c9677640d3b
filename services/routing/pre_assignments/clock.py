"""What is due now in pre-assignments."""

from __future__ import annotations

from services.routing.pre_assignments import actions
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=30)
async def pre_assignments_late(tx: Tx) -> int:
    """Tells of units that have not answered."""
    return await actions.tell_late(tx)
