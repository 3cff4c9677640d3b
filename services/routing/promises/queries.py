"""Reads of the promise ledger: the desk those of its region, a department its own, a committee those of its departments."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlmodel import col

from services.routing.promises import rules
from services.routing.promises.errors import PromiseNotFound
from services.routing.promises.models import Promise, PromiseChange, PromiseRating
from services.routing.queries import COUNTERPART, EVERYWHERE
from services.routing.reports.rules import year_of
from shared.clock import now
from shared.db import Tx
from shared.http import PageQuery
from shared.identity import Caller


@dataclass(frozen=True, slots=True)
class Filters:
    """What the ledger is narrowed to; None leaves it as it is. `year` keeps what was made in it, and what older years left owed in it."""

    department: str | None = None
    state: rules.State | None = None
    overdue: bool | None = None
    year: int | None = None
    case_id: uuid.UUID | None = None


def _within(tx: Tx, caller: Caller) -> ColumnElement[bool]:
    if caller.may(EVERYWHERE):
        return col(Promise.region).startswith(caller.region, autoescape=True)
    if caller.may(COUNTERPART):
        here = col(Promise.region).startswith(caller.region, autoescape=True)
        return here & col(Promise.department).in_(tx.policy.supervising.departments_of(caller.organisation))
    return col(Promise.department) == caller.organisation


async def ledger(tx: Tx, caller: Caller, filters: Filters, page: PageQuery) -> Sequence[Promise]:
    """Up to `limit + 1` promises, the earliest due first. Raises CursorNotReadable."""
    query = select(Promise).where(_within(tx, caller))
    if filters.department is not None:
        query = query.where(col(Promise.department) == filters.department)
    if filters.state is not None:
        query = query.where(col(Promise.state) == filters.state)
    if filters.case_id is not None:
        query = query.where(col(Promise.case_id) == filters.case_id)
    if filters.overdue is not None:
        late = col(Promise.state).in_(rules.OWED) & (col(Promise.due_at) < now())
        query = query.where(late if filters.overdue else ~late)
    if filters.year is not None:
        begin, end = year_of(filters.year)
        query = query.where(col(Promise.made_at) < end, or_(col(Promise.settled_at).is_(None), col(Promise.settled_at) >= begin))
    if (after := page.after(datetime, uuid.UUID)) is not None:
        query = query.where(tuple_(col(Promise.due_at), col(Promise.id)) > tuple_(*after))
    return list(await tx.scalars(query.order_by(col(Promise.due_at), col(Promise.id)).limit(page.limit + 1)))


async def find(tx: Tx, caller: Caller, promise_id: uuid.UUID, *, lock: bool = False) -> Promise:
    """The promise if the caller may see it. Raises PromiseNotFound."""
    wanted = select(Promise).where(col(Promise.id) == promise_id, _within(tx, caller))
    found = await tx.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise PromiseNotFound
    return found


async def changes_of(tx: Tx, promise_id: uuid.UUID) -> Sequence[PromiseChange]:
    """The changes of a promise, in order."""
    wanted = select(PromiseChange).where(col(PromiseChange.promise_id) == promise_id).order_by(col(PromiseChange.version))
    return list(await tx.scalars(wanted))


async def ratings_of(tx: Tx, promise_id: uuid.UUID) -> Sequence[PromiseRating]:
    """The ratings of a promise, in order."""
    wanted = select(PromiseRating).where(col(PromiseRating.promise_id) == promise_id).order_by(col(PromiseRating.version))
    return list(await tx.scalars(wanted))


async def count_states(tx: Tx, caller: Caller, year: int) -> dict[str, int]:
    """State → promises of the ledger of a year, within the caller's scope; of those that are owed, `overdue` are late."""
    begin, end = year_of(year)
    late = col(Promise.state).in_(rules.OWED) & (col(Promise.due_at) < now())
    query = (
        select(col(Promise.state), func.count(), func.count().filter(late), func.count().filter(col(Promise.made_at) < begin))
        .where(_within(tx, caller), col(Promise.made_at) < end)
        .where(or_(col(Promise.settled_at).is_(None), col(Promise.settled_at) >= begin))
        .group_by(col(Promise.state))
    )
    counts: dict[str, int] = {"open": 0, "changed": 0, "kept": 0, "ended": 0, "overdue": 0, "carried_over": 0}
    for state, many, overdue, carried in await tx.execute(query):
        counts[state] = many
        counts["overdue"] += overdue
        counts["carried_over"] += carried
    return counts
