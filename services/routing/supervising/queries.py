"""Reads of supervision: key cases of the caller's region, what is known of one case, and what a committee supervises."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select, tuple_
from sqlmodel import col

from services.routing.models import Case, CaseState, Part
from services.routing.supervising.models import KeyDecision, Supervision, SupervisionNote, Supervisor
from shared.db import Tx
from shared.http import PageQuery
from shared.identity import Caller

_LISTED: tuple[Any, ...] = (
    col(Case.id).label("case_id"),
    col(Case.number),
    col(Case.title),
    col(Case.status),
    col(Case.lead).label("department"),
    col(Case.reply_due_at),
)


async def supervision_of(tx: Tx, case: CaseState) -> Supervision:
    """What is known of a case's supervision, be it nothing."""
    return await tx.get(Supervision, case.id) or Supervision(case_id=case.id, region=case.region)


async def supervisors_of(tx: Tx, case_id: uuid.UUID, *, lock: bool = False) -> Sequence[Supervisor]:
    """Who supervises a case now, the longest first."""
    wanted = select(Supervisor).where(col(Supervisor.case_id) == case_id, col(Supervisor.until).is_(None))
    wanted = wanted.order_by(col(Supervisor.since), col(Supervisor.id))
    return list(await tx.scalars(wanted.with_for_update() if lock else wanted))


async def notes_of(tx: Tx, case_id: uuid.UUID) -> Sequence[SupervisionNote]:
    """The notes on a case, the oldest first."""
    return list(await tx.scalars(select(SupervisionNote).where(col(SupervisionNote.case_id) == case_id).order_by(col(SupervisionNote.id))))


async def decisions_of(tx: Tx, case_id: uuid.UUID) -> Sequence[KeyDecision]:
    """The council's decisions on a case, in order."""
    wanted = select(KeyDecision).where(col(KeyDecision.case_id) == case_id).order_by(col(KeyDecision.version))
    return list(await tx.scalars(wanted))


def _within_year(year: int) -> tuple[Any, ...]:
    return col(Supervision.decided_on) >= date(year, 1, 1), col(Supervision.decided_on) < date(year + 1, 1, 1)


async def key_cases(tx: Tx, caller: Caller, page: PageQuery, year: int | None) -> Sequence[Mapping[str, Any]]:
    """Up to `limit + 1` key cases of the region, the newest flag first, with the number of notes on each. Raises CursorNotReadable."""
    notes = select(func.count()).where(col(SupervisionNote.case_id) == col(Case.id)).scalar_subquery()
    flag = (col(Supervision.key_since), col(Supervision.decision_number), col(Supervision.decided_on), col(Supervision.ground))
    query = select(*_LISTED, *flag, notes.label("notes")).join(Case, col(Case.id) == col(Supervision.case_id))
    query = query.where(col(Supervision.key_since).is_not(None), col(Supervision.region).startswith(caller.region, autoescape=True))
    if year is not None:
        query = query.where(*_within_year(year))
    if (after := page.after(datetime, uuid.UUID)) is not None:
        query = query.where(tuple_(col(Supervision.key_since), col(Supervision.case_id)) < tuple_(*after))
    order = (col(Supervision.key_since).desc(), col(Supervision.case_id).desc())
    return [dict(row) for row in (await tx.execute(query.order_by(*order).limit(page.limit + 1))).mappings()]


async def count_kinds(tx: Tx, caller: Caller, year: int) -> tuple[int, dict[tuple[str, str], int]]:
    """How many key cases were decided on in a year, and how many of them have a leader or supervisor of each (part, kind)."""
    here = (
        col(Supervision.key_since).is_not(None),
        col(Supervision.region).startswith(caller.region, autoescape=True),
        *_within_year(year),
    )
    base = (await tx.execute(select(func.count()).select_from(Supervision).where(*here))).scalar_one()
    query = (
        select(col(Supervisor.part), col(Supervisor.kind), func.count(func.distinct(col(Supervisor.case_id))))
        .join(Supervision, col(Supervision.case_id) == col(Supervisor.case_id))
        .where(*here, col(Supervisor.until).is_(None), col(Supervisor.part) != "joint")
        .group_by(col(Supervisor.part), col(Supervisor.kind))
    )
    return base, {(part, kind): many for part, kind, many in await tx.execute(query)}


async def supervised_cases(tx: Tx, caller: Caller, page: PageQuery) -> Sequence[Mapping[str, Any]]:
    """Up to `limit + 1` cases that a committee supervises, the newest first: those of its departments, and those it joined."""
    departments = tx.policy.supervising.departments_of(caller.organisation)
    part = select(Part).where(col(Part.case_id) == col(Case.id), col(Part.current), col(Part.organisation).in_(departments))
    joined = select(Supervisor).where(
        col(Supervisor.case_id) == col(Case.id), col(Supervisor.organisation) == caller.organisation, col(Supervisor.until).is_(None)
    )
    query = select(*_LISTED, col(Case.opened_at)).where(or_(part.exists(), joined.exists()))
    query = query.where(col(Case.region).startswith(caller.region, autoescape=True))
    if (after := page.after(datetime, uuid.UUID)) is not None:
        query = query.where(tuple_(col(Case.opened_at), col(Case.id)) < tuple_(*after))
    order = (col(Case.opened_at).desc(), col(Case.id).desc())
    return [dict(row) for row in (await tx.execute(query.order_by(*order).limit(page.limit + 1))).mappings()]
