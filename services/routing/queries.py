"""What may be read of cases, always within the caller's scope."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import ARRAY, Text, Uuid, any_, bindparam, false, func, literal_column, not_, select, tuple_
from sqlmodel import col

from services.routing import rules, search
from services.routing.errors import CaseNotFound, SearchTooShort
from services.routing.models import Case, CaseState, Part
from services.routing.settings import Matter
from shared.clock import now
from shared.db import Tx
from shared.http import PageQuery
from shared.identity import Caller
from shared.tables import Prepared, prepared

EVERYWHERE = "case.read"
"""Reads all cases of the caller's region; without it only those in which the caller's organisation has a part."""
COUNTERPART = "case.read.counterpart"
"""A committee (对口工委): reads cases of the departments that the profile assigns to it, and those it supervises by name."""

_NUMBER = re.compile(r"^[0-9A-Za-z]{2,24}-[0-9]{4}-[0-9A-Za-z]{4,16}(-[0-9]{1,2})?$")
"""What looks like a tracking number is looked for as one, and not in the texts."""
_LISTED: tuple[Any, ...] = (
    col(Case.id),
    col(Case.number),
    col(Case.opinion_id),
    col(Case.matter),
    col(Case.title),
    col(Case.region),
    col(Case.category),
    col(Case.status),
    col(Case.version),
    col(Case.lead).label("department"),
    col(Case.co_handlers),
    col(Case.round),
    col(Case.reply_due_at),
    col(Case.due_is_provisional),
    col(Case.next_push_at),
    col(Case.opened_at),
    col(Case.lane),
    col(Case.handled_with),
    col(Case.part_of),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None leaves it as it is."""

    status: rules.Status | None = None
    department: str | None = None
    overdue: bool | None = None
    q: str | None = None


async def list_cases(tx: Tx, caller: Caller, filters: Filters, page: PageQuery) -> Sequence[Mapping[str, Any]]:
    """Up to `limit + 1` cases, the newest first, that the caller may see. Raises CursorNotReadable or SearchTooShort.

    `department` narrows to those with an own part of it; `q` is looked for in title and text, or is a number.
    """
    everywhere = caller.may(EVERYWHERE)
    organisation = filters.department if everywhere else caller.organisation
    runs = [] if filters.q is None or _NUMBER.match(filters.q.strip()) else search.runs(filters.q)
    grams = search.grams(filters.q) if filters.q is not None and runs else []
    if filters.q is not None and not _NUMBER.match(filters.q.strip()) and not grams:
        raise SearchTooShort(where="q")
    after = page.after(datetime, uuid.UUID)
    hits = await _hits(tx, grams) if grams else None
    shape = _Shape(
        everywhere=everywhere,
        by_part=organisation is not None or not everywhere,
        nothing=not everywhere and filters.department not in (None, organisation),
        status=filters.status is not None,
        overdue=filters.overdue,
        by_number=filters.q is not None and not runs,
        runs=len(runs),
        by_hits=hits is not None,
        after=after is not None,
    )
    values = {
        "region": caller.region,
        "organisation": organisation,
        "status": filters.status,
        "now": now(),
        "number": (filters.q or "").strip().upper(),
        "hits": hits,
        "after_at": after[0] if after else None,
        "after_id": after[1] if after else None,
        "limit": page.limit + 1,
        **{f"run_{i}": run for i, run in enumerate(runs)},
    }
    statement = _list_of(shape)
    return await tx.run(statement.text, *statement.values(values))


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which conditions a list has; their values are parameters. Building the statement anew took longer than running it."""

    everywhere: bool
    by_part: bool
    nothing: bool
    status: bool
    overdue: bool | None
    by_number: bool
    runs: int
    by_hits: bool
    after: bool


@lru_cache(maxsize=256)
def _list_of(shape: _Shape) -> Prepared:
    """The statement of a shape."""
    # Sorted by the columns of the index that serves the scope; what is overdue is looked for among all that run.
    by_part = shape.by_part and not shape.overdue
    opened_at, case_id = (col(Part.opened_at), col(Part.case_id)) if by_part else (col(Case.opened_at), col(Case.id))
    query = select(*_LISTED)
    if shape.everywhere:
        query = query.where(func.starts_with(col(Case.region), bindparam("region", type_=Text)))
    if shape.nothing:
        query = query.where(false())
    if shape.by_part:
        query = query.join(Part, (col(Part.case_id) == col(Case.id)) & col(Part.current))
        query = query.where(col(Part.organisation) == bindparam("organisation"))
    if shape.status:
        query = query.where(col(Case.status) == bindparam("status"))
    if shape.overdue is not None:
        # Literal, because no parameter would tell the planner that the index on running cases will do.
        owed = col(Case.status).in_(literal_column(f"'{status}'") for status in rules.RUNNING)
        late = col(Case.reply_due_at) < bindparam("now")
        query = query.where(owed, late) if shape.overdue else query.where(not_(owed & func.coalesce(late, False)))
    if shape.by_number:
        query = query.where(col(Case.number) == bindparam("number"))
    if shape.by_hits:
        query = query.where(col(Case.id) == any_(bindparam("hits", type_=ARRAY(Uuid))))
    if shape.runs:
        body = func.lower(col(Case.title) + " " + col(Case.text))
        query = query.where(*(func.strpos(body, bindparam(f"run_{i}", type_=Text)) > 0 for i in range(shape.runs)))
    if shape.after:
        query = query.where(tuple_(opened_at, case_id) < tuple_(bindparam("after_at"), bindparam("after_id")))
    return prepared(query.order_by(opened_at.desc(), case_id.desc()).limit(bindparam("limit")))


_FEW = 4_000
"""Up to so many cases are read one by one to find the newest of them; what more have is soon met on the way from the newest."""
_HITS = "SELECT case_id FROM case_search WHERE grams @> $1 OR grams IS NULL LIMIT $2"


async def _hits(tx: Tx, grams: list[int]) -> list[uuid.UUID] | None:
    """The cases that may have what is looked for, those not in the index yet among them; None when it is better to read all in order."""
    rows = await tx.run(_HITS, grams, _FEW + 1)
    return [case_id for (case_id,) in rows] if len(rows) <= _FEW else None


SELECT_CASE = f"SELECT {', '.join(CaseState.model_fields)} FROM {Case.__tablename__} WHERE"  # noqa: S608 - names of our own table
_HAS_PART = "SELECT FROM part WHERE case_id = $1 AND current AND organisation = $2"


def state_of(row: Mapping[str, Any]) -> CaseState:
    """A case from its columns, which the database has validated."""
    return CaseState.model_construct(**row)


_SUPERVISED = """
    SELECT FROM part WHERE case_id = $1 AND current AND organisation = ANY($2)
    UNION ALL SELECT FROM supervisor WHERE case_id = $1 AND organisation = $3 AND until IS NULL
    """


async def state_by_id(tx: Tx, case_id: uuid.UUID) -> CaseState:
    """The case that a row of this service names."""
    (row,) = await tx.run(f"{SELECT_CASE} id = $1", case_id)
    return state_of(row)


async def find_case(tx: Tx, caller: Caller, case_id: uuid.UUID) -> CaseState:
    """The case if the caller may see it. Raises CaseNotFound."""
    rows = await tx.run(f"{SELECT_CASE} id = $1", case_id)
    if not rows:
        raise CaseNotFound
    case = state_of(rows[0])
    if not await _sees(tx, caller, case):
        raise CaseNotFound
    return case


async def _sees(tx: Tx, caller: Caller, case: CaseState) -> bool:
    if caller.may(EVERYWHERE):
        return caller.sees_region(case.region)
    if caller.may(COUNTERPART):
        departments = tx.policy.supervising.departments_of(caller.organisation)
        return caller.sees_region(case.region) and bool(await tx.run(_SUPERVISED, case.id, departments, caller.organisation))
    return bool(await tx.run(_HAS_PART, case.id, caller.organisation))


@dataclass(frozen=True, slots=True)
class Past:
    """What has happened to a case, each in order, as mappings by the names of the columns."""

    replies: list[dict[str, Any]]
    ratings: list[dict[str, Any]]
    marks: list[dict[str, Any]]
    history: list[dict[str, Any]]


def _all_of(table: str, columns: str, order: str) -> str:
    rows = f"SELECT {columns} FROM {table} WHERE case_id = $1 ORDER BY {order}"  # noqa: S608 - names of this module
    return f"(SELECT coalesce(json_agg(r), '[]') FROM ({rows}) AS r)::text"  # noqa: S608


# One statement, because every door that acts on a case shows all of this.
_PAST = "SELECT " + ", ".join(
    (
        _all_of("reply", "round, department, result_class, text, signer, replied_at, on_time", "round") + " AS replies",
        _all_of("rating", "round, level, comment, rated_at", "round") + " AS ratings",
        _all_of("supervision_mark", "round, reason, at", "round") + " AS marks",
        _all_of("case_history", "version, action, from_status, to_status, round, by_role, by_organisation, note, at", "version")
        + " AS history",
    )
)


async def past_of(tx: Tx, case_id: uuid.UUID) -> Past:
    """Replies, ratings and supervision marks by round, and the history by version, what this transaction has written included."""
    (row,) = await tx.run(_PAST, case_id)
    return Past(*map(orjson.loads, row))


async def count_classes(tx: Tx, caller: Caller, department: str | None, matter: Matter | None) -> dict[str, int]:
    """Result class → cases whose newest reply has it, within the caller's scope: its own as lead, or a region's."""
    counted = (col(Case.result_class).is_not(None), col(Case.lane) != "instant", func.coalesce(col(Case.part_of) == col(Case.id), True))
    query = select(col(Case.result_class), func.count()).where(*counted).group_by(col(Case.result_class))
    if caller.may(EVERYWHERE):
        query = query.where(col(Case.region).startswith(caller.region, autoescape=True))
    else:
        query = query.where(col(Case.lead) == caller.organisation)
    if department is not None:
        query = query.where(col(Case.lead) == department)
    if matter is not None:
        query = query.where(col(Case.matter) == matter)
    return {code or "": count for code, count in (await tx.execute(query)).all()}
