"""Reads of the ledger. Whose account a line is on is decided here, when it is read."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, FromClause, Select, Table, and_, case, func, literal_column, or_, select, true, tuple_
from sqlalchemy.orm import aliased

from services.scoring.models import LedgerLine, MandateVersion, StationVersion
from shared.db import Tx

LINE: Table = LedgerLine.__table__  # type: ignore[attr-defined]
MANDATE: Table = MandateVersion.__table__  # type: ignore[attr-defined]
STATION: Table = StationVersion.__table__  # type: ignore[attr-defined]


class Owned(NamedTuple):
    """A line with the deputy on whose account it is."""

    id: uuid.UUID
    deputy_id: uuid.UUID
    item: str
    points: Decimal
    evidence: uuid.UUID
    occurred_at: datetime
    rule_version: str


def attributed(*conditions: ColumnElement[bool], whole: bool = False) -> Select[Any]:
    """The lines that are on somebody's account, as `Owned`.

    A station's line is its lead deputy's as of `occurred_at`; a line counts when the mandate was active then. Decided
    on read and not when the event comes, because directory's and intake's events overtake one another: so the answer
    follows from the set of facts alone, in whatever order and however often they were heard. `whole` is for queries
    over most of the ledger: it looks up versions once for all lines instead of for each.
    """
    held = _spells if whole else _in_force
    station, led = held(STATION, STATION.c.station_id, LINE.c.earner_id)
    deputy = case((LINE.c.earner_kind == "deputy", LINE.c.earner_id), else_=station.c.lead_deputy_id)
    mandate, mandated = held(MANDATE, MANDATE.c.deputy_id, deputy)
    return (
        select(LINE.c.id, deputy.label("deputy_id"), LINE.c.item, LINE.c.points, LINE.c.evidence, LINE.c.occurred_at, LINE.c.rule_version)
        .select_from(LINE.outerjoin(station, and_(LINE.c.earner_kind == "station", led)).join(mandate, mandated))
        .where(
            mandate.c.status == "active",
            mandate.c.starts_on <= LINE.c.day,
            or_(mandate.c.ends_on.is_(None), mandate.c.ends_on >= LINE.c.day),
            *conditions,
        )
    )


def _in_force(versions: Table, key: Column[Any], of: ColumnElement[Any]) -> tuple[FromClause, ColumnElement[bool]]:
    """The newest version that held at the line's moment, else the first one: `rules.in_force` in SQL, line by line."""
    held = versions.c.since <= LINE.c.occurred_at
    newest = (
        select(versions).where(key == of).order_by(held.desc(), case((held, -versions.c.version_no), else_=versions.c.version_no)).limit(1)
    )
    return newest.lateral(f"{versions.name}_held"), true()


def _spells(versions: Table, key: Column[Any], of: ColumnElement[Any]) -> tuple[FromClause, ColumnElement[bool]]:
    """The same for all lines at once: each version with the time from its own moment to that of any later version.

    Measured on 80,000 lines and 5,000 mandates: the ranking of a group in 0.3 s instead of 1.4 s.
    """
    order: dict[str, Any] = {"partition_by": key, "order_by": versions.c.version_no}
    first = func.row_number().over(**order) == 1
    spell = select(
        versions,
        case((first, literal_column("'-infinity'::timestamptz")), else_=versions.c.since).label("starts"),
        func.coalesce(func.min(versions.c.since).over(rows=(1, None), **order), literal_column("'infinity'::timestamptz")).label("ends"),
    ).subquery(f"{versions.name}_spell")
    return spell, and_(spell.c[key.name] == of, LINE.c.occurred_at >= spell.c.starts, LINE.c.occurred_at < spell.c.ends)


def earned_by(deputy_id: uuid.UUID) -> ColumnElement[bool]:
    """Lines that may be on a deputy's account: their own, and those of stations they led at any time."""
    led = select(STATION.c.station_id).where(STATION.c.lead_deputy_id == deputy_id)
    return or_(
        and_(LINE.c.earner_kind == "deputy", LINE.c.earner_id == deputy_id),
        and_(LINE.c.earner_kind == "station", LINE.c.earner_id.in_(led)),
    )


async def owners(tx: Tx, *conditions: ColumnElement[bool]) -> dict[uuid.UUID, Owned]:
    """The lines that meet the conditions and are on somebody's account, by id."""
    return {row.id: Owned(*row) for row in await tx.execute(attributed(*conditions))}


async def account(tx: Tx, deputy_id: uuid.UUID) -> MandateVersion | None:
    """The newest version of a mandate."""
    newest = select(MandateVersion).where(MANDATE.c.deputy_id == deputy_id).order_by(MANDATE.c.version_no.desc()).limit(1)
    return (await tx.scalars(newest)).first()


async def page_of_lines(tx: Tx, deputy_id: uuid.UUID, period: int, before: tuple[datetime, uuid.UUID] | None, limit: int) -> list[Owned]:
    """A deputy's lines of a period, the newest first, from the one after `before` on."""
    theirs = attributed(LINE.c.period == period, earned_by(deputy_id)).subquery()
    page = select(theirs).where(theirs.c.deputy_id == deputy_id).order_by(theirs.c.occurred_at.desc(), theirs.c.id.desc())
    if before:
        page = page.where(tuple_(theirs.c.occurred_at, theirs.c.id) < tuple_(*before))
    return [Owned(*row) for row in await tx.execute(page.limit(limit))]


async def sums(tx: Tx, period: int, deputy_id: uuid.UUID | None = None) -> dict[uuid.UUID, dict[str, tuple[int, Decimal]]]:
    """Deputy → item → (lines, points) of a period: of one deputy, or of all who have any."""
    only = [] if deputy_id is None else [earned_by(deputy_id)]
    lines = attributed(LINE.c.period == period, *only, whole=deputy_id is None).subquery()
    grouped = select(lines.c.deputy_id, lines.c.item, func.count(), func.sum(lines.c.points)).group_by(lines.c.deputy_id, lines.c.item)
    if deputy_id is not None:
        grouped = grouped.where(lines.c.deputy_id == deputy_id)
    result: dict[uuid.UUID, dict[str, tuple[int, Decimal]]] = {}
    for deputy, item, count, points in await tx.execute(grouped):
        result.setdefault(deputy, {})[item] = (count, points)
    return result


async def peers(tx: Tx, period: int, region: str, level: str | None, group: str | None) -> list[MandateVersion]:
    """The mandates under a region that ran on some day of a period, as their newest version says, inside a peer group."""
    newest = select(MandateVersion).distinct(MANDATE.c.deputy_id).order_by(MANDATE.c.deputy_id, MANDATE.c.version_no.desc()).subquery()
    newer = aliased(MandateVersion, newest)
    ran = and_(newest.c.starts_on <= date(period, 12, 31), or_(newest.c.ends_on.is_(None), newest.c.ends_on >= date(period, 1, 1)))
    chosen = select(newer).where(ran, newest.c.region.startswith(region, autoescape=True))
    if level is not None:
        chosen = chosen.where(newest.c.level == level)
    if group is not None:
        chosen = chosen.where(newest.c.group == group)
    return list(await tx.scalars(chosen))
