"""What is due now: placing new opinions, and telling of topics that became hot."""

from __future__ import annotations

from services.intake.topics import actions
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=5, pause=0.5)
async def place_in_topics(tx: Tx) -> int:
    """Places the opinions that came since, a dozen at a time: residents who are sending come first (record 0023)."""
    return await actions.place_new(tx)


@sweeps.every(seconds=300)
async def tell_hot_topics(tx: Tx) -> int:
    """Marks the topics that have become hot."""
    return await actions.tell_hot(tx)
