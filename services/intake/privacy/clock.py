"""What is due now in personal data."""

from __future__ import annotations

from services.intake.privacy import actions
from shared.clock import now
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=3600, pause=1)
async def contact_retention(tx: Tx) -> int:
    """Contact data that have had their time."""
    return await actions.erase_due(tx, now())


@sweeps.every(seconds=600)
async def erased_before_restore(tx: Tx) -> int:
    """Contact data that were erased and that a restored backup brought back."""
    return await actions.erase_again(tx)
