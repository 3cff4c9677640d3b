"""Reads of how residents are reached."""

from __future__ import annotations

import uuid

from services.notify.residents.models import Reach
from services.notify.residents.sealing import open_key
from shared.boxes import open_box
from shared.db import Tx


async def phone_of(tx: Tx, matter_id: uuid.UUID) -> str | None:
    """The number of a matter's sender, for the moment of sending; None when there is none or the matter was erased."""
    reach = await tx.get(Reach, matter_id, populate_existing=True)
    if reach is None or reach.private_key is None or reach.box is None:
        return None
    return open_box(open_key(tx.settings.reach_key, matter_id, reach.private_key), reach.box, str(matter_id))
