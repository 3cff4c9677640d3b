"""Reads of receptions. Staff's are cut to their region; the public sees when and where, and no person."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select, true, tuple_
from sqlmodel import col

from services.intake.models import Deputy, Opinion
from services.intake.receptions.errors import MatterUnknown, ReceptionUnknown
from services.intake.receptions.models import Attendance, Comment, Expert, Matter, MatterStep, Received, Reception
from shared.db import Tx
from shared.identity import Caller


def within(caller: Caller | None) -> ColumnElement[bool]:
    """Receptions in the caller's region; all of them for the public, who get less of each."""
    return true() if caller is None else col(Reception.region).startswith(caller.region, autoescape=True)


async def reception(tx: Tx, reception_id: uuid.UUID, caller: Caller | None, *, lock: bool = False) -> Reception:
    """One reception in the caller's region. Raises ReceptionUnknown."""
    wanted = select(Reception).where(col(Reception.id) == reception_id, within(caller))
    found = await tx.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise ReceptionUnknown()
    return found


async def planned_around(tx: Tx, station_id: uuid.UUID, moment: datetime, before_minutes: int) -> list[Reception]:
    """The receptions at a station that take signatures at a moment."""
    here = select(Reception).where(
        col(Reception.station_id) == station_id,
        col(Reception.state) == "planned",
        col(Reception.starts_at) <= moment + timedelta(minutes=before_minutes),
        col(Reception.ends_at) >= moment,
    )
    return list(await tx.scalars(here.order_by(col(Reception.starts_at), col(Reception.id))))


async def page_of_receptions(
    tx: Tx,
    *conditions: ColumnElement[bool],
    since: datetime | None,
    until: datetime | None,
    after: tuple[datetime, uuid.UUID] | None,
    limit: int,
) -> list[Reception]:
    """Receptions in the order of time, one more than `limit` when there is another page."""
    page = select(Reception).where(*conditions).order_by(col(Reception.starts_at), col(Reception.id)).limit(limit + 1)
    if since is not None:
        page = page.where(col(Reception.ends_at) >= since)
    if until is not None:
        page = page.where(col(Reception.starts_at) < until)
    if after is not None:
        page = page.where(tuple_(col(Reception.starts_at), col(Reception.id)) > tuple_(*after))
    return list(await tx.scalars(page))


async def attendance(tx: Tx, reception_id: uuid.UUID) -> list[Attendance]:
    """Who was expected or came, by deputy."""
    found = select(Attendance).where(col(Attendance.reception_id) == reception_id).order_by(col(Attendance.deputy_id))
    return list(await tx.scalars(found))


async def attendance_named(tx: Tx, reception_id: uuid.UUID) -> list[tuple[Attendance, str | None]]:
    """Who was expected or came, with the deputy's present name."""
    named = (
        select(Attendance, col(Deputy.name))
        .outerjoin(Deputy, col(Deputy.deputy_id) == col(Attendance.deputy_id))
        .where(col(Attendance.reception_id) == reception_id)
        .order_by(col(Attendance.deputy_id))
    )
    return [(one, name) for one, name in await tx.execute(named)]


async def experts(tx: Tx, reception_id: uuid.UUID) -> list[Expert]:
    """The experts beside the deputies, in the order given."""
    found = select(Expert).where(col(Expert.reception_id) == reception_id).order_by(col(Expert.position))
    return list(await tx.scalars(found))


@dataclass(frozen=True, slots=True)
class Figures:
    """How many persons a reception received one by one, and how many of their matters were taken, declined and settled."""

    persons: int = 0
    matters: int = 0
    declined: int = 0
    settled: int = 0


async def figures(tx: Tx, receptions: Sequence[uuid.UUID]) -> dict[uuid.UUID, Figures]:
    """The figures of receptions, of those without any too."""
    people = select(col(Received.reception_id), func.count()).where(col(Received.reception_id).in_(receptions))
    persons: dict[uuid.UUID, int] = dict((await tx.execute(people.group_by(col(Received.reception_id)))).tuples().all())
    of_matters = select(
        col(Matter.reception_id),
        func.count(col(Matter.opinion_id)),
        func.count(col(Matter.declined)),
        func.count().filter(col(Matter.settled)),
    ).where(col(Matter.reception_id).in_(receptions))
    matters = {key: tuple(rest) for key, *rest in await tx.execute(of_matters.group_by(col(Matter.reception_id)))}
    return {one: Figures(persons.get(one, 0), *matters.get(one, (0, 0, 0))) for one in receptions}


async def matter(tx: Tx, matter_id: uuid.UUID, caller: Caller, *, lock: bool = False) -> Matter:
    """One matter in the caller's region. Raises MatterUnknown."""
    wanted = select(Matter).join(Reception, col(Reception.id) == col(Matter.reception_id))
    wanted = wanted.where(col(Matter.id) == matter_id, within(caller))
    found = await tx.scalar(wanted.with_for_update(of=Matter) if lock else wanted)
    if found is None:
        raise MatterUnknown()
    return found


async def page_of_matters(
    tx: Tx, reception_id: uuid.UUID, after: uuid.UUID | None, limit: int
) -> list[tuple[Matter, str | None, str | None, str | None]]:
    """The matters of a reception with number, title and status of the opinion that each became; oldest first."""
    page = (
        select(Matter, col(Opinion.number), col(Opinion.title), col(Opinion.status))
        .outerjoin(Opinion, col(Opinion.id) == col(Matter.opinion_id))
        .where(col(Matter.reception_id) == reception_id)
        .order_by(col(Matter.id))
        .limit(limit + 1)
    )
    if after is not None:
        page = page.where(col(Matter.id) > after)
    return [(one, number, title, status) for one, number, title, status in await tx.execute(page)]


async def steps(tx: Tx, matter_id: uuid.UUID) -> list[MatterStep]:
    """How a matter came to where it is."""
    found = select(MatterStep).where(col(MatterStep.matter_id) == matter_id).order_by(col(MatterStep.version))
    return list(await tx.scalars(found))


async def page_of_comments(tx: Tx, reception_id: uuid.UUID, state: str, after: uuid.UUID | None, limit: int) -> list[Comment]:
    """Comments of a state, oldest first."""
    page = select(Comment).where(and_(col(Comment.reception_id) == reception_id, col(Comment.state) == state))
    if after is not None:
        page = page.where(col(Comment.id) > after)
    return list(await tx.scalars(page.order_by(col(Comment.id)).limit(limit + 1)))
