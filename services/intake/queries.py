"""Reads of intake: what a sender sees of the own opinion, and what staff see of those in their scope."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, false, func, or_, select, tuple_
from sqlalchemy.orm import defer
from sqlmodel import col

from services.intake import numbers
from services.intake.errors import OpinionNotFound
from services.intake.models import Opinion, Organisation, Rating, Station, TimelineEntry
from shared.db import Tx
from shared.identity import Caller

_NO_SALT, _NO_HASH = bytes(16), bytes(32)
_BEGINNING = 400


async def opinion_of(tx: Tx, number: str, lookup_code: str) -> Opinion:
    """The opinion with this number, for whoever has its lookup code. Raises OpinionNotFound, for both reasons alike."""
    opinion = await tx.scalar(select(Opinion).where(col(Opinion.number) == numbers.as_number(number)))
    salt, kept = (opinion.lookup_salt, opinion.lookup_hash) if opinion else (_NO_SALT, _NO_HASH)
    if not numbers.fits(lookup_code, salt, kept) or opinion is None:
        raise OpinionNotFound(where="number")
    return opinion


async def ratings_of(tx: Tx, opinion_id: uuid.UUID) -> Sequence[Rating]:
    """The ratings the sender gave, by round."""
    found = await tx.scalars(select(Rating).where(col(Rating.opinion_id) == opinion_id).order_by(col(Rating.round)))
    return found.all()


async def timeline_of(tx: Tx, opinion_id: uuid.UUID) -> Sequence[tuple[TimelineEntry, str | None]]:
    """What happened to an opinion, in the order of the case's versions, with the department's present name."""
    found = await tx.execute(
        select(TimelineEntry, col(Organisation.name))
        .outerjoin(Organisation, col(Organisation.organisation) == col(TimelineEntry.department))
        .where(col(TimelineEntry.opinion_id) == opinion_id)
        .order_by(col(TimelineEntry.at), col(TimelineEntry.case_version), col(TimelineEntry.id))
    )
    return [(entry, name) for entry, name in found]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which opinions staff ask for."""

    status: str | None = None
    region: str | None = None
    station: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An opinion in a list, with the beginning of its text."""

    opinion: Opinion
    beginning: str

    @property
    def sort_key(self) -> tuple[datetime, uuid.UUID]:
        """What lists are sorted by."""
        return self.opinion.submitted_at, self.opinion.id


async def opinions_for(tx: Tx, caller: Caller, wanted: Wanted, after: Sequence[Any] | None, limit: int) -> Sequence[Listed]:
    """Up to `limit` + 1 opinions in the caller's scope, newest first, after that sort key."""
    statement = (
        select(Opinion, func.left(col(Opinion.text), _BEGINNING))
        .options(defer(Opinion.text, raiseload=True))  # type: ignore[arg-type]
        .where(scope_of(caller))
        .order_by(col(Opinion.submitted_at).desc(), col(Opinion.id).desc())
        .limit(limit + 1)
    )
    if wanted.status is not None:
        statement = statement.where(col(Opinion.status) == wanted.status)
    if wanted.region is not None:
        statement = statement.where(col(Opinion.region).startswith(wanted.region, autoescape=True))
    if wanted.station is not None:
        statement = statement.where(col(Opinion.channel) == "station", col(Opinion.target_id) == wanted.station)
    if after is not None:
        statement = statement.where(tuple_(col(Opinion.submitted_at), col(Opinion.id)) < tuple_(*after))
    return [Listed(opinion, beginning) for opinion, beginning in await tx.execute(statement)]


async def opinion_for(tx: Tx, caller: Caller, opinion_id: uuid.UUID) -> Opinion:
    """An opinion in the caller's scope. Raises OpinionNotFound, also for one outside it."""
    opinion = await tx.scalar(select(Opinion).where(col(Opinion.id) == opinion_id, scope_of(caller)))
    if opinion is None:
        raise OpinionNotFound(where="opinion_id")
    return opinion


def scope_of(caller: Caller) -> Any:
    """The caller's region with `opinion.read`; with `opinion.read.own` what came by the own code or by stations led."""
    if caller.may("opinion.read"):
        return col(Opinion.region).startswith(caller.region, autoescape=True)
    if caller.deputy_id is None:
        return false()
    led = select(col(Station.station_id)).where(col(Station.lead_deputy_id) == caller.deputy_id)
    return or_(
        and_(col(Opinion.channel) == "deputy", col(Opinion.target_id) == caller.deputy_id),
        and_(col(Opinion.channel) == "station", col(Opinion.target_id).in_(led)),
    )
