"""What is due now in projects."""

from __future__ import annotations

from services.supervision.projects import actions, rules
from shared.clock import now
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=5)
async def delays(tx: Tx) -> int:
    """Marks the stages whose planned day has passed."""
    return await actions.mark_delays(tx, rules.day_of(now()), tx.settings.delay_sweep_batch)
