"""What is due now of opinions on their way."""

from __future__ import annotations

from services.intake.course import actions
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=60)
async def missed_rep_answers(tx: Tx) -> int:
    """Tells of deputies' own answers that did not come in time."""
    return await actions.note_missed(tx)
