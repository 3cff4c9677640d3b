"""Reads of contacts and links: a deputy sees the own ones, staff those of their region."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from sqlalchemy import ColumnElement, extract, false, func, or_, select, true
from sqlmodel import col

from services.intake.civil import moment_of
from services.intake.contacts import rules
from services.intake.contacts.errors import ContactUnknown, LinkUnknown
from services.intake.contacts.models import Entry, Link
from services.intake.contacts.settings import Minimum
from services.intake.models import Deputy, Opinion, Region
from shared.db import Tx
from shared.identity import Caller


def _own_or_region(caller: Caller, deputy: ColumnElement[bool], region: ColumnElement[bool]) -> ColumnElement[bool]:
    if caller.may("contact.read"):
        return region
    return deputy if caller.deputy_id is not None else false()


def _entries(caller: Caller) -> ColumnElement[bool]:
    return _own_or_region(caller, col(Entry.deputy_id) == caller.deputy_id, col(Entry.region).startswith(caller.region, autoescape=True))


def _links(caller: Caller) -> ColumnElement[bool]:
    own = or_(col(Link.from_deputy_id) == caller.deputy_id, col(Link.to_deputy_id) == caller.deputy_id)
    return _own_or_region(caller, own, col(Link.region).startswith(caller.region, autoescape=True))


async def entry(tx: Tx, entry_id: uuid.UUID, caller: Caller, *, lock: bool = False) -> Entry:
    """One entry of the log that the caller may see. Raises ContactUnknown."""
    wanted = select(Entry).where(col(Entry.id) == entry_id, _entries(caller))
    found = await tx.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise ContactUnknown()
    return found


async def link(tx: Tx, link_id: uuid.UUID, caller: Caller, *, lock: bool = False) -> Link:
    """One link that the caller may see. Raises LinkUnknown."""
    wanted = select(Link).where(col(Link.id) == link_id, _links(caller))
    found = await tx.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise LinkUnknown()
    return found


async def page_of_entries(tx: Tx, caller: Caller, deputy_id: uuid.UUID | None, after: uuid.UUID | None, limit: int) -> list[Entry]:
    """The log, newest first."""
    page = select(Entry).where(_entries(caller)).order_by(col(Entry.id).desc()).limit(limit + 1)
    if deputy_id is not None:
        page = page.where(col(Entry.deputy_id) == deputy_id)
    if after is not None:
        page = page.where(col(Entry.id) < after)
    return list(await tx.scalars(page))


async def page_of_links(tx: Tx, caller: Caller, deputy_id: uuid.UUID | None, after: uuid.UUID | None, limit: int) -> list[Link]:
    """Links, newest first; `deputy_id` at either end."""
    page = select(Link).where(_links(caller)).order_by(col(Link.id).desc()).limit(limit + 1)
    if deputy_id is not None:
        page = page.where(or_(col(Link.from_deputy_id) == deputy_id, col(Link.to_deputy_id) == deputy_id))
    if after is not None:
        page = page.where(col(Link.id) < after)
    return list(await tx.scalars(page))


@dataclass(frozen=True, slots=True)
class DeputyStanding:
    """A deputy, and how they stand to each minimum of the year."""

    deputy: Deputy
    standings: list[tuple[Minimum, rules.Standing]]


async def standings(
    tx: Tx, caller: Caller, minimums: Sequence[Minimum], year: int, after: uuid.UUID | None, limit: int
) -> list[DeputyStanding]:
    """How deputies stand in a year: the caller's own mandate, or those of the caller's region; by id."""
    own = _own_or_region(caller, col(Deputy.deputy_id) == caller.deputy_id, col(Deputy.region).startswith(caller.region, autoescape=True))
    page = select(Deputy).where(own, col(Deputy.status) == "active").order_by(col(Deputy.deputy_id)).limit(limit + 1)
    if after is not None:
        page = page.where(col(Deputy.deputy_id) > after)
    deputies = list(await tx.scalars(page))
    counts = await _by_month(tx, [one.deputy_id for one in deputies], year)
    return [
        DeputyStanding(
            one,
            [(m, rules.standing(m, counts.get((one.deputy_id, m.measure), {}))) for m in minimums if not m.levels or one.level in m.levels],
        )
        for one in deputies
    ]


async def _by_month(tx: Tx, deputies: Sequence[uuid.UUID], year: int) -> dict[tuple[uuid.UUID, str], dict[int, int]]:
    measures = func.unnest(col(Entry.measures)).table_valued("measure").render_derived(name="m")
    measure = measures.c.measure
    month = extract("month", col(Entry.on))
    counted = (
        select(col(Entry.deputy_id), measure, month, func.count())
        .select_from(Entry)
        .join(measures, true())
        .where(
            col(Entry.deputy_id).in_(deputies),
            col(Entry.on).between(date(year, 1, 1), date(year, 12, 31)),
            col(Entry.struck_at).is_(None),
        )
        .group_by(col(Entry.deputy_id), measure, month)
    )
    found: dict[tuple[uuid.UUID, str], dict[int, int]] = {}
    for deputy_id, name, number, n in await tx.execute(counted):
        found.setdefault((deputy_id, name), {})[int(number)] = n
    return found


@dataclass(frozen=True, slots=True)
class PlaceFigures:
    """What came in from a place, by region or by station. `handed_over` have left the desk, `closed` are done; both of `received`."""

    place: str
    name: str | None
    received: int
    handed_over: int
    closed: int


async def opinions_by_region(tx: Tx, caller: Caller, since: date, until: date) -> list[PlaceFigures]:
    """Opinions of a span of days by the region (village, community, zone) they were sent from, in the caller's region."""
    waiting = col(Opinion.status).in_(("accepted", "classified"))
    counted = (
        select(
            col(Opinion.region),
            func.max(col(Region.name)),
            func.count(),
            func.count().filter(~waiting),
            func.count().filter(col(Opinion.status) == "closed"),
        )
        .outerjoin(Region, col(Region.code) == col(Opinion.region))
        .where(
            col(Opinion.region).startswith(caller.region, autoescape=True),
            col(Opinion.submitted_at) >= moment_of(since, time.min),
            col(Opinion.submitted_at) < moment_of(until + timedelta(days=1), time.min),
        )
        .group_by(col(Opinion.region))
        .order_by(func.count().desc(), col(Opinion.region))
    )
    return [PlaceFigures(*row) for row in await tx.execute(counted)]
