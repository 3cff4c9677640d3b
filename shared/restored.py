"""Whether, and when, this database was put back from a backup (decision record 0017)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from shared.db import Tx

_RESTORED = text("SELECT max(restored_at) FROM kit_restored")


async def restored_at(tx: Tx) -> datetime | None:
    """When this database was last restored, None when it never was.

    What began before that moment may have been told to people already by the suite that was lost.
    """
    found: datetime | None = await tx.scalar(_RESTORED)
    return found
