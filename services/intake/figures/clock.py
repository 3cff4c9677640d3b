"""What is due now in exports."""

from __future__ import annotations

from services.intake.figures import actions
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=1)
async def exports_under_way(tx: Tx) -> int:
    """The next page of an export."""
    return await actions.write_on(tx)


@sweeps.every(seconds=600, pause=1)
async def exports_over(tx: Tx) -> int:
    """Exports whose hours are over."""
    return await actions.delete_old(tx)
