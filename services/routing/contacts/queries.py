"""Reads of contacts."""

from __future__ import annotations

import uuid
from typing import Any

from shared.db import Tx

_OF_CASE = "SELECT id, round, phase, how, held_at, summary, organisation, recorded_at FROM contact WHERE case_id = $1 ORDER BY held_at, id"
_PHASES = "SELECT DISTINCT phase FROM contact WHERE case_id = $1 AND round = $2"


async def contacts_of(tx: Tx, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """All contacts of a case, the earliest first."""
    return [dict(row) for row in await tx.run(_OF_CASE, case_id)]


async def phases_held(tx: Tx, case_id: uuid.UUID, round_: int) -> set[str]:
    """Which of the three meetings a round has had."""
    return {row["phase"] for row in await tx.run(_PHASES, case_id, round_)}
