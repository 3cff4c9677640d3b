"""What is due now in contacts."""

from __future__ import annotations

from services.intake.civil import day_of
from services.intake.contacts import actions
from shared.clock import now
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=300)
async def minimum_reminders(tx: Tx) -> int:
    """Tells the deputies who are below a minimum near its period's end."""
    return await actions.remind(tx, day_of(now()))
