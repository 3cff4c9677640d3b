"""Reads of extensions."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from shared.db import Tx

_COLUMNS = "id, round, n, unit, reason, organisation, asked_at, state, agreed_by, note, decided_at"
_OF_CASE = f"SELECT {_COLUMNS} FROM extension WHERE case_id = $1 ORDER BY asked_at, id"  # noqa: S608 - names of this module
_SINCE = "SELECT id, n, unit, state FROM extension WHERE case_id = $1 AND asked_at >= $2 ORDER BY asked_at, id"


async def extensions_of(tx: Tx, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """All requests of a case, the earliest first."""
    return [dict(row) for row in await tx.run(_OF_CASE, case_id)]


async def since(tx: Tx, case_id: uuid.UUID, handed_over_at: datetime) -> list[dict[str, Any]]:
    """The requests since a hand-over, the earliest first."""
    return [dict(row) for row in await tx.run(_SINCE, case_id, handed_over_at)]
