"""What is due now in attachments."""

from __future__ import annotations

from services.intake.attachments import actions
from services.intake.attachments.errors import FilesAway
from services.intake.attachments.store import ObjectStore
from shared.db import Tx
from shared.sweeps import Sweeps


def sweeps_of(store: ObjectStore) -> Sweeps:
    """The sweeps over a store."""
    sweeps = Sweeps()

    @sweeps.every(seconds=300)
    async def old_uploads(tx: Tx) -> int:
        """Takes away what waited too long for a matter."""
        return await actions.take_away_old(tx)

    @sweeps.every(seconds=10, pause=0.5)
    async def erased_contents(tx: Tx) -> int:
        """Removes the contents of erased matters; while the store is away, later."""
        try:
            return await actions.remove_erased(tx, store)
        except FilesAway:
            return 0

    @sweeps.every(seconds=600)
    async def unused_contents(tx: Tx) -> int:
        """Takes contents away that no row refers to; while the store is away, later."""
        try:
            return await actions.take_away_unused(tx, store)
        except FilesAway:
            return 0

    return sweeps
