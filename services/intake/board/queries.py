"""Reads of the public board: only what the desk put there, and figures."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlmodel import col

from services.intake.board.errors import NotOnTheBoard
from services.intake.board.models import Appraisal, Follow, Publication, PublishedReply
from services.intake.models import Opinion, Region
from shared.db import Tx
from shared.identity import Caller


@dataclass(frozen=True, slots=True)
class Shown:
    """An opinion on the board, with what is public of the opinion itself: place, category, status."""

    publication: Publication
    region_name: str | None
    category: str | None
    status: str


async def publication(tx: Tx, opinion_id: uuid.UUID, *, lock: bool = False) -> Publication:
    """What was agreed and decided about an opinion's publication. Raises NotOnTheBoard."""
    found = await tx.get(Publication, opinion_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotOnTheBoard()
    return found


async def published(tx: Tx, opinion_id: uuid.UUID, *, lock: bool = False) -> Publication:
    """An opinion that is on the board now. Raises NotOnTheBoard."""
    found = await publication(tx, opinion_id, lock=lock)
    if found.state != "published":
        raise NotOnTheBoard()
    return found


async def page_of_board(
    tx: Tx,
    *,
    region: str | None,
    category: str | None,
    voter: bytes | None,
    after: tuple[datetime, uuid.UUID] | None,
    limit: int,
    only: uuid.UUID | None = None,
) -> Sequence[Shown]:
    """Opinions on the board, the newest first, one more than `limit`; `voter`: those that this one follows."""
    page = (
        select(Publication, col(Region.name), col(Opinion.category), col(Opinion.status))
        .join(Opinion, col(Opinion.id) == col(Publication.opinion_id))
        .outerjoin(Region, col(Region.code) == col(Publication.region))
        .where(col(Publication.state) == "published")
        .order_by(col(Publication.published_at).desc(), col(Publication.opinion_id).desc())
        .limit(limit + 1)
    )
    if only is not None:
        page = page.where(col(Publication.opinion_id) == only)
    if region is not None:
        page = page.where(col(Publication.region).startswith(region, autoescape=True))
    if category is not None:
        page = page.where(col(Opinion.category) == category)
    if voter is not None:
        page = page.where(col(Publication.opinion_id).in_(select(col(Follow.opinion_id)).where(col(Follow.voter) == voter)))
    if after is not None:
        page = page.where(tuple_(col(Publication.published_at), col(Publication.opinion_id)) < tuple_(*after))
    return [Shown(one, name, of, status) for one, name, of, status in await tx.execute(page)]


async def replies_of(tx: Tx, opinion_id: uuid.UUID) -> Sequence[PublishedReply]:
    """The published replies of an opinion, by round."""
    mine = select(PublishedReply).where(col(PublishedReply.opinion_id) == opinion_id)
    return (await tx.scalars(mine.order_by(col(PublishedReply.round)))).all()


async def appraisals_of(tx: Tx, opinion_id: uuid.UUID) -> Mapping[int, Mapping[str, int]]:
    """How many votes each level has, by round."""
    counted = await tx.execute(
        select(col(Appraisal.round), col(Appraisal.level), func.count())
        .where(col(Appraisal.opinion_id) == opinion_id)
        .group_by(col(Appraisal.round), col(Appraisal.level))
    )
    found: dict[int, dict[str, int]] = {}
    for round_, level, votes in counted:
        found.setdefault(round_, {})[level] = votes
    return found


async def offered_to(tx: Tx, caller: Caller, after: tuple[datetime, uuid.UUID] | None, limit: int) -> Sequence[tuple[Publication, Opinion]]:
    """What waits for the desk of the caller's region, the oldest first; one more than `limit` when there is another page."""
    page = (
        select(Publication, Opinion)
        .join(Opinion, col(Opinion.id) == col(Publication.opinion_id))
        .where(col(Publication.state) == "offered", col(Publication.region).startswith(caller.region, autoescape=True))
        .order_by(col(Publication.agreed_at), col(Publication.opinion_id))
        .limit(limit + 1)
    )
    if after is not None:
        page = page.where(tuple_(col(Publication.agreed_at), col(Publication.opinion_id)) > tuple_(*after))
    return [(one, opinion) for one, opinion in await tx.execute(page)]
