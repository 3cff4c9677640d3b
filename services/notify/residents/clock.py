"""What is due now for residents."""

from __future__ import annotations

from services.notify.residents import actions
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=15, pause=0.5)
async def resident_notices(tx: Tx) -> int:
    """Notices whose sender can be reached by now."""
    return await actions.hand_over(tx)


@sweeps.every(seconds=3600, pause=1)
async def old_resident_notices(tx: Tx) -> int:
    """Notices to residents that had their time."""
    return await actions.forget_old(tx)
