"""What may be read of cases, always within the caller's scope."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, false, func, not_, or_, select, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.routing import rules, search
from services.routing.errors import CaseNotFound, SearchTooShort
from services.routing.models import Case, CaseHistory, CaseSearch, Part, Rating, Reply, SupervisionMark
from shared.clock import now
from shared.db import Tx
from shared.http import PageQuery
from shared.identity import Caller

EVERYWHERE = "case.read"
"""Reads all cases of the caller's region; without it only those in which the caller's organisation has a part."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None leaves it as it is."""

    status: rules.Status | None = None
    department: str | None = None
    overdue: bool | None = None
    q: str | None = None


async def list_cases(tx: Tx, caller: Caller, filters: Filters, page: PageQuery) -> Sequence[Case]:
    """Up to `limit + 1` cases, the newest first, that the caller may see. Raises CursorNotReadable or SearchTooShort."""
    query, opened_at, case_id = _of_organisation(caller, filters.department)
    if filters.status is not None:
        query = query.where(col(Case.status) == filters.status)
    if filters.overdue is not None:
        late = _is_overdue(now())
        query = query.where(late if filters.overdue else not_(late))
    if filters.q is not None:
        query = query.where(_found(filters.q))
    if (after := page.after(datetime, uuid.UUID)) is not None:
        query = query.where(tuple_(opened_at, case_id) < tuple_(*after))
    rows = await tx.execute(query.order_by(opened_at.desc(), case_id.desc()).limit(page.limit + 1))
    return rows.scalars().all()


def _of_organisation(caller: Caller, department: str | None) -> tuple[Select[Case], Any, Any]:
    """The cases in the caller's scope, and the columns to sort by: those of the index that serves the scope."""
    everywhere = caller.may(EVERYWHERE)
    organisation = department if everywhere else caller.organisation
    query = select(Case)
    if everywhere:
        query = query.where(col(Case.region).startswith(caller.region, autoescape=True))
    elif department not in (None, organisation):
        query = query.where(false())
    if everywhere and organisation is None:
        return query, col(Case.opened_at), col(Case.id)
    query = query.join(Part, (col(Part.case_id) == col(Case.id)) & col(Part.current)).where(col(Part.organisation) == organisation)
    return query, col(Part.opened_at), col(Part.case_id)


def _is_overdue(at: datetime) -> Any:
    """Whether a reply is owed and was due before `at`, as SQL; never NULL."""
    return col(Case.status).in_(rules.RUNNING) & func.coalesce(col(Case.reply_due_at) < at, False)


def _found(q: str) -> Any:
    """Cases whose number is `q`, or whose title or text has each run of it. A case that is not in the index yet is read."""
    runs = search.runs(q)
    wanted = search.grams(q)
    if not wanted:
        raise SearchTooShort(where="q")
    read = aliased(Case)
    body = func.lower(col(read.title) + " " + col(read.text))
    by_text = (
        select(col(CaseSearch.case_id))
        .join(read, col(read.id) == col(CaseSearch.case_id))
        .where(or_(col(CaseSearch.grams).contains(wanted), col(CaseSearch.grams).is_(None)))
        .where(*(func.strpos(body, run) > 0 for run in runs))
    )
    by_number = select(col(read.id)).where(col(read.number) == q.strip().upper())
    return col(Case.id).in_(by_text.union_all(by_number))


async def find_case(tx: Tx, caller: Caller, case_id: uuid.UUID) -> Case:
    """The case if the caller may see it. Raises CaseNotFound."""
    case = await tx.get(Case, case_id)
    if case is None:
        raise CaseNotFound
    if caller.may(EVERYWHERE):
        seen = caller.sees_region(case.region)
    else:
        mine = exists().where(col(Part.case_id) == case.id, col(Part.current), col(Part.organisation) == caller.organisation)
        seen = bool((await tx.execute(select(mine))).scalar_one())
    if not seen:
        raise CaseNotFound
    return case


@dataclass(frozen=True, slots=True)
class Past:
    """What has happened to a case, each in order."""

    replies: Sequence[Reply]
    ratings: Sequence[Rating]
    marks: Sequence[SupervisionMark]
    history: Sequence[CaseHistory]


async def past_of(tx: Tx, case_id: uuid.UUID) -> Past:
    """Replies, ratings and supervision marks by round, and the history by version."""

    async def all_of(table: Any, order: Any) -> Sequence[Any]:
        return (await tx.execute(select(table).where(table.case_id == case_id).order_by(order))).scalars().all()

    return Past(
        replies=await all_of(Reply, col(Reply.round)),
        ratings=await all_of(Rating, col(Rating.round)),
        marks=await all_of(SupervisionMark, col(SupervisionMark.round)),
        history=await all_of(CaseHistory, col(CaseHistory.version)),
    )


async def count_classes(tx: Tx, caller: Caller, department: str | None) -> dict[str, int]:
    """Result class → cases whose newest reply has it, within the caller's scope: its own as lead, or a region's."""
    query = select(col(Case.result_class), func.count()).where(col(Case.result_class).is_not(None)).group_by(col(Case.result_class))
    if caller.may(EVERYWHERE):
        query = query.where(col(Case.region).startswith(caller.region, autoescape=True))
    else:
        query = query.where(col(Case.lead) == caller.organisation)
    if department is not None:
        query = query.where(col(Case.lead) == department)
    return {code or "": count for code, count in (await tx.execute(query)).all()}
