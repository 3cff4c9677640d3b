"""Opinions that a background reader has not read yet, in the order in which they came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, func, select, text
from sqlmodel import col

from services.intake.models import Base, Opinion
from services.intake.privacy.models import Erasure
from shared.db import Tx

_LATE = timedelta(minutes=10)
"""A transaction may commit this much after the moment that its opinion carries: further back than the newest read nothing is looked for."""


async def take_turn(tx: Tx, reader: str) -> bool:
    """Whether this replica may read now: one at a time does, until its transaction ends."""
    return bool(await tx.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext(:reader))"), {"reader": f"intake.{reader}"}))


async def unread(tx: Tx, read: type[Base], limit: int) -> Sequence[Opinion]:
    """Up to `limit` opinions that have no row in `read`, a table with columns `opinion_id` and `at`; oldest first; none erased."""
    known: Any = read
    newest = await tx.scalar(select(func.max(col(known.at))))
    wanted = (
        select(Opinion)
        .outerjoin(known, col(known.opinion_id) == col(Opinion.id))
        .where(col(known.opinion_id).is_(None), ~exists().where(col(Erasure.matter_id) == col(Opinion.id)))
        .order_by(col(Opinion.submitted_at), col(Opinion.id))
        .limit(limit)
    )
    if newest is not None:
        wanted = wanted.where(col(Opinion.submitted_at) > newest - _LATE)
    return (await tx.scalars(wanted)).all()
