"""What notify does when its time has come: old notices go, with the marks of who has read them."""

from __future__ import annotations

from services.notify import actions
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=3600)
async def old_notices(tx: Tx) -> int:
    """Notices that nobody looks for any more."""
    return await actions.forget_old(tx)
