"""What directory does when its time has come."""

from __future__ import annotations

from services.directory.deputies import actions as deputies
from services.directory.keys import actions as keys
from services.directory.sessions import ending
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=5)
async def signing_keys(tx: Tx) -> int:
    """First keys, aged keys, expired keys."""
    return await keys.tend(tx)


@sweeps.every(seconds=600)
async def mandates_over(tx: Tx) -> int:
    """Mandates whose last day has passed."""
    return await deputies.end_due(tx)


@sweeps.every(seconds=3600)
async def old_sessions(tx: Tx) -> int:
    """Sign-ins that ended long ago."""
    return await ending.forget_ended(tx)
