"""What is due now in receptions."""

from __future__ import annotations

from services.intake.receptions.actions import planning
from shared.clock import now
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=30)
async def reception_notices(tx: Tx) -> int:
    """Tells the receptions whose notice is due."""
    return await planning.announce_due(tx, now())
