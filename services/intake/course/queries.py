"""Reads of an opinion on its way."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlmodel import col

from services.intake.course.models import RepAnswer, Supplement
from services.intake.models import Opinion, Station
from services.intake.queries import opinion_of
from shared.db import Tx


async def locked(tx: Tx, number: str, lookup_code: str) -> Opinion:
    """The opinion for whoever has its lookup code, locked. Raises OpinionNotFound."""
    found = await opinion_of(tx, number, lookup_code)
    await tx.refresh(found, with_for_update=True)
    return found


async def supplements_of(tx: Tx, opinion_id: uuid.UUID) -> Sequence[Supplement]:
    """What was added, in the order of time."""
    return (await tx.scalars(select(Supplement).where(col(Supplement.opinion_id) == opinion_id).order_by(col(Supplement.id)))).all()


async def count_supplements(tx: Tx, opinion_id: uuid.UUID) -> int:
    """How often the sender added something."""
    return int(await tx.scalar(select(func.count()).where(col(Supplement.opinion_id) == opinion_id)) or 0)


async def is_bound_to(tx: Tx, opinion: Opinion, deputy_id: uuid.UUID) -> bool:
    """Whether the opinion came by the deputy's own code or by a station that the deputy leads."""
    if opinion.channel == "deputy":
        return opinion.target_id == deputy_id
    if opinion.channel != "station":
        return False
    return await tx.scalar(select(col(Station.lead_deputy_id)).where(col(Station.station_id) == opinion.target_id)) == deputy_id


async def rep_answer(tx: Tx, opinion_id: uuid.UUID) -> RepAnswer | None:
    """A deputy's own answer, or that it was missed."""
    return await tx.get(RepAnswer, opinion_id)
