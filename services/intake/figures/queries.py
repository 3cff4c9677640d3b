"""The figures, counted in the database. Each counts what intake was told and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, cast, func, literal, select, tuple_
from sqlmodel import col

from services.intake.contacts.models import Entry
from services.intake.figures import rules
from services.intake.figures.errors import ExportUnknown
from services.intake.figures.models import Export
from services.intake.figures.wanted import By, Wanted
from services.intake.models import Deputy, Opinion, Region, Station, TimelineEntry
from services.intake.receptions.models import Matter, Received, Reception
from services.intake.suggestions.models import Suggestion
from shared.db import Tx
from shared.identity import Caller


def within(wanted: Wanted, region: str) -> list[ColumnElement[bool]]:
    """What makes an opinion one of those wanted, in `region` and below."""
    begins, ends = rules.moments(wanted.since, wanted.until)
    conditions = [
        col(Opinion.submitted_at) >= begins,
        col(Opinion.submitted_at) < ends,
        col(Opinion.region).startswith(region, autoescape=True),
    ]
    if wanted.station is not None:
        conditions += [col(Opinion.channel) == "station", col(Opinion.target_id) == wanted.station]
    if wanted.deputy is not None:
        conditions += [col(Opinion.channel) == "deputy", col(Opinion.target_id) == wanted.deputy]
    for column, value in ((Opinion.category, wanted.category), (Opinion.channel, wanted.channel), (Opinion.status, wanted.status)):
        if value is not None:
            conditions.append(col(column) == value)
    return conditions


@dataclass(frozen=True, slots=True)
class Counted:
    """Opinions of a group. `key` is what they have in common, `name` what people call it where directory told a name.

    `received`: came in within the window. `passed_on`: of these, routing told at least one hand-over to a department.
    `replied`: of the passed on, routing told at least one reply. `solved`: of the received, routing told that a rating closed the case.
    `answered_by_rep`: of the received, the sender was content with a deputy's own answer, which no unit is credited with.
    """

    key: str | None
    name: str | None
    received: int
    passed_on: int
    replied: int
    solved: int
    answered_by_rep: int


async def counted(tx: Tx, wanted: Wanted, region: str) -> list[Counted]:
    """The figures by `wanted.by`, the largest groups first, days and months in their order. One row without a group for `none`."""
    handed = select(col(TimelineEntry.opinion_id)).where(col(TimelineEntry.kind) == "assigned").distinct().subquery()
    was_handed = handed.c.opinion_id.is_not(None)
    numbers = (
        func.count(),
        func.count().filter(was_handed),
        func.count().filter(was_handed, col(Opinion.replied_round) > 0),
        func.count().filter(col(Opinion.status) == "closed"),
        func.count().filter(col(Opinion.status) == "answered_by_rep"),
    )
    key, name = _grouped(wanted.by)
    counting = (
        select(key.label("key"), name.label("name"), *numbers)
        .select_from(Opinion)
        .outerjoin(handed, handed.c.opinion_id == col(Opinion.id))
        .where(*within(wanted, region))
    )
    counting = _named(counting, wanted.by)
    if wanted.by != "none":
        first = [key] if wanted.by in ("day", "month") else [func.count().desc(), key]
        counting = counting.group_by(key).order_by(*first)
    return [Counted(None if row[0] is None else str(row[0]), *row[1:]) for row in await tx.execute(counting)]


def _grouped(by: By) -> tuple[Any, Any]:
    here = func.timezone("Asia/Shanghai", col(Opinion.submitted_at))
    nothing: ColumnElement[Any] = literal(None)
    match by:
        case "none":
            return nothing, nothing
        case "day":
            return cast(here, Date), nothing
        case "month":
            return func.to_char(here, "YYYY-MM"), nothing
        case "region":
            return col(Opinion.region), func.max(col(Region.name))
        case "station":
            return col(Opinion.target_id), func.max(col(Station.name))
        case "deputy":
            return col(Opinion.target_id), func.max(col(Deputy.name))
        case "category":
            return col(Opinion.category), nothing
        case "channel":
            return col(Opinion.channel), nothing


def _named(counting: Select[Any], by: By) -> Select[Any]:
    if by == "region":
        return counting.outerjoin(Region, col(Region.code) == col(Opinion.region))
    if by == "station":
        return counting.outerjoin(Station, col(Station.station_id) == col(Opinion.target_id)).where(col(Opinion.channel) == "station")
    if by == "deputy":
        return counting.outerjoin(Deputy, col(Deputy.deputy_id) == col(Opinion.target_id)).where(col(Opinion.channel) == "deputy")
    return counting


@dataclass(frozen=True, slots=True)
class Activity:
    """What else happened in a window. Suggestions are those formally submitted in it, confidential ones apart.

    `checked` and `refused` are of `submitted`, as they stand now. `held` receptions began in the window, `matters_taken` are of
    `matters_brought` there. `contacts` are entries of the contact log that were not struck out.
    """

    submitted: int
    checked: int
    refused: int
    held: int
    received: int
    matters_brought: int
    matters_taken: int
    contacts: int


async def activity(tx: Tx, region: str, since: date, until: date) -> Activity:
    """The figures of suggestions, receptions and contacts of a region and a window of days."""
    begins, ends = rules.moments(since, until)

    def here(column: Any) -> ColumnElement[bool]:
        return col(column).startswith(region, autoescape=True)

    status = col(Suggestion.status)
    suggestions = select(
        func.count(), func.count().filter(status.in_(("checked", "on_agenda"))), func.count().filter(status == "refused")
    ).where(
        here(Suggestion.region),
        ~col(Suggestion.confidential),
        col(Suggestion.submitted_at) >= begins,
        col(Suggestion.submitted_at) < ends,
    )
    meetings = (
        select(col(Reception.id))
        .where(here(Reception.region), col(Reception.state) == "held", col(Reception.starts_at) >= begins, col(Reception.starts_at) < ends)
        .cte("meetings")
    )
    of_meeting = select(meetings.c.id)
    matters = select(func.count(), func.count(col(Matter.opinion_id))).where(col(Matter.reception_id).in_(of_meeting))
    contacts = select(func.count()).where(here(Entry.region), col(Entry.struck_at).is_(None), col(Entry.on).between(since, until))
    return Activity(
        *(await tx.execute(suggestions)).one(),
        (await tx.execute(select(func.count()).select_from(meetings))).scalar_one(),
        (await tx.execute(select(func.count()).where(col(Received.reception_id).in_(of_meeting)))).scalar_one(),
        *(await tx.execute(matters)).one(),
        (await tx.execute(contacts)).scalar_one(),
    )


async def count_opinions(tx: Tx, wanted: Wanted, region: str) -> int:
    """How many opinions are wanted."""
    return await tx.scalar(select(func.count()).select_from(Opinion).where(*within(wanted, region))) or 0


@dataclass(frozen=True, slots=True)
class Listed:
    """An opinion with the names that a sheet shows. `target` is the station's or the deputy's."""

    opinion: Opinion
    region: str | None
    target: str | None


async def page_of_opinions(
    tx: Tx, wanted: Wanted, region: str, asked_at: datetime, after: Sequence[str] | None, limit: int
) -> list[Listed]:
    """Opinions wanted that were there when the export was asked for, the oldest first, after that sort key."""
    name = func.coalesce(col(Station.name), col(Deputy.name))
    page = (
        select(Opinion, col(Region.name), name)
        .outerjoin(Region, col(Region.code) == col(Opinion.region))
        .outerjoin(Station, col(Station.station_id) == col(Opinion.target_id))
        .outerjoin(Deputy, col(Deputy.deputy_id) == col(Opinion.target_id))
        .where(*within(wanted, region), col(Opinion.submitted_at) < asked_at)
        .order_by(col(Opinion.submitted_at), col(Opinion.id))
        .limit(limit)
    )
    if after is not None:
        key = tuple_(literal(datetime.fromisoformat(after[0])), literal(uuid.UUID(after[1])))
        page = page.where(tuple_(col(Opinion.submitted_at), col(Opinion.id)) > key)
    return [Listed(*row) for row in await tx.execute(page)]


async def export(tx: Tx, export_id: uuid.UUID, caller: Caller) -> Export:
    """An export that the caller asked for. Raises ExportUnknown."""
    found = await tx.get(Export, export_id)
    if found is None or found.by != caller.account_id:
        raise ExportUnknown()
    return found


async def page_of_exports(tx: Tx, caller: Caller, after: tuple[datetime, uuid.UUID] | None, limit: int) -> list[Export]:
    """The caller's exports, the newest first."""
    page = select(Export).where(col(Export.by) == caller.account_id)
    if after is not None:
        page = page.where(tuple_(col(Export.asked_at), col(Export.id)) < tuple_(*after))
    return list(await tx.scalars(page.order_by(col(Export.asked_at).desc(), col(Export.id).desc()).limit(limit + 1)))
