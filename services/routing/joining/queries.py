"""What may be read of cases handled together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.routing.models import CaseState
from shared.db import Tx

_GROUP = """
    SELECT id, number, title, status, version, round, reply_due_at, handled_with FROM cases
    WHERE handled_with = $1 ORDER BY id <> $1, number
    """


async def group_of(tx: Tx, case: CaseState) -> Sequence[Any]:
    """The head and all that are handled together with it, the head first; nothing for a case by itself."""
    return await tx.run(_GROUP, case.handled_with) if case.handled_with else []
