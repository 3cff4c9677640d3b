"""What is due now: reading new opinions for texts alike, and looking for mass posting."""

from __future__ import annotations

from services.intake.duplicates import actions
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=3, pause=0.5, share=0.15)
async def flag_duplicates(tx: Tx) -> int:
    """Reads the opinions that came since and flags those that are like earlier ones, a dozen at a time."""
    return await actions.read_new(tx)


@sweeps.every(seconds=60)
async def suspect_mass_posting(tx: Tx) -> int:
    """Flags texts that came many times in a short time under few codes."""
    return await actions.suspect_mass_posting(tx)
