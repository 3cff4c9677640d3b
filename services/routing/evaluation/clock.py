"""What is due now of opinion forms."""

from __future__ import annotations

from services.routing.evaluation import actions
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=30)
async def forms_to_remind(tx: Tx) -> int:
    """Reminds lead deputies of forms that are still out."""
    return await actions.remind(tx)


@sweeps.every(seconds=60, pause=0.2)
async def forms_under_a_new_calendar(tx: Tx) -> int:
    """Computes deadlines of open forms anew when another calendar is in force."""
    return await actions.recompute(tx)


@sweeps.every(seconds=5)
async def forms_over(tx: Tx) -> int:
    """Ends forms whose time is over."""
    return await actions.end_forms(tx)
