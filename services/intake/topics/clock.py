"""What is due now: placing new opinions, and telling of topics that became hot."""

from __future__ import annotations

from services.intake.topics import actions
from shared.clock import now
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=5, pause=0.5, share=0.15)
async def place_in_topics(tx: Tx) -> int:
    """Places the opinions that came since, a dozen at a time: residents who are sending come first (record 0023)."""
    return await actions.place_new(tx)


@sweeps.every(seconds=3600, pause=1.0)
async def let_go_of_old_shingles(tx: Tx) -> int:
    """Keeps the index of shingles as large as the window, however many opinions are stored."""
    return await actions.let_go(tx, now())


@sweeps.every(seconds=300)
async def tell_hot_topics(tx: Tx) -> int:
    """Marks the topics that have become hot."""
    return await actions.tell_hot(tx)
