"""Reads of pauses."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from shared.db import Tx

_OF_CASE = "SELECT id, round, ground, note, since, ends_at, resumed_at FROM pause WHERE case_id = $1 ORDER BY since, id"
_COUNT = "SELECT count(*) AS n FROM pause WHERE case_id = $1 AND since >= $2"


async def pauses_of(tx: Tx, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """All pauses of a case, the earliest first."""
    return [dict(row) for row in await tx.run(_OF_CASE, case_id)]


async def count_since(tx: Tx, case_id: uuid.UUID, handed_over_at: datetime) -> int:
    """How many pauses there were since a hand-over."""
    (row,) = await tx.run(_COUNT, case_id, handed_over_at)
    return int(row["n"])
