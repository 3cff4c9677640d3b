"""Ending codes: what closing a station, ending a mandate and revoking have in common."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from services.directory.models import Code
from shared.clock import now
from shared.db import Tx
from shared.events.directory import CodeRevoked
from shared.outbox import emit


async def end_codes_of(tx: Tx, target_id: UUID) -> None:
    """Revokes every valid code of a station or deputy that is no more."""
    rows = await tx.scalars(
        select(Code).where(col(Code.target_id) == target_id, col(Code.status) == "issued").order_by(col(Code.id)).with_for_update()
    )
    for row in rows:
        end(tx, row, "revoked")


def end(tx: Tx, row: Code, reason: Literal["revoked", "rotated"]) -> None:
    """Marks a valid code as ended, and says so."""
    row.status, row.ended_at = reason, now()
    row.version_no += 1
    emit(tx, CodeRevoked(code_id=row.id, reason=reason))
