"""Reads of what other systems were handed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import col

from services.routing.adapters.models import ExternalStatus, HandedOut
from shared.db import Tx


async def queue_of(tx: Tx, adapter: str, most: int) -> Sequence[HandedOut]:
    """What waits for an adapter, the oldest first."""
    wanted = select(HandedOut).where(col(HandedOut.adapter) == adapter, col(HandedOut.state) == "queued")
    return list(await tx.scalars(wanted.order_by(col(HandedOut.id)).limit(most)))


async def of_case(tx: Tx, case_id: uuid.UUID) -> Sequence[HandedOut]:
    """Where a case was handed to, the first first."""
    return list(await tx.scalars(select(HandedOut).where(col(HandedOut.case_id) == case_id).order_by(col(HandedOut.id))))


async def reports_of(tx: Tx, handed_out: Sequence[uuid.UUID]) -> Sequence[ExternalStatus]:
    """What was reported of these, in order."""
    wanted = select(ExternalStatus).where(col(ExternalStatus.handed_out_id).in_(handed_out))
    return list(await tx.scalars(wanted.order_by(col(ExternalStatus.at), col(ExternalStatus.report_id))))


async def named(tx: Tx, adapter: str, external_id: str) -> uuid.UUID | None:
    """What another system calls so."""
    wanted = select(col(HandedOut.id)).where(col(HandedOut.adapter) == adapter, col(HandedOut.external_id) == external_id)
    found: uuid.UUID | None = await tx.scalar(wanted)
    return found
