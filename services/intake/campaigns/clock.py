"""What is due now in calls for opinions."""

from __future__ import annotations

from services.intake.campaigns import actions
from services.intake.civil import day_of
from shared.clock import now
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=30)
async def ended_campaigns(tx: Tx) -> int:
    """Closes and counts the calls whose last day has passed."""
    return await actions.close_ended(tx, day_of(now()))
