"""The doors of the promise ledger (承诺事项台账): the desk's, the departments' and the committees'."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.routing.promises import actions, queries, rules
from services.routing.promises.models import Promise
from services.routing.reports.rules import year_of
from shared.clock import now
from shared.db import Tx
from shared.events.intake import RatingLevel
from shared.http import Blank, IfMatch, InTx, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["promises"])

Reader = Annotated[Caller, requires("case.read", "case.read.own", "case.read.counterpart")]
Promiser = Annotated[Caller, requires("case.handle", "case.supervise")]
Desk = Annotated[Caller, requires("case.supervise")]
Year = Annotated[int, Query(ge=2000, le=2100)]


class KeepIn(RequestModel):
    """When what was promised was there, and what shows it: a document's number, a place, a finding."""

    delivered_at: AwareDatetime
    evidence: str = Field(min_length=1, max_length=2000)


class ChangeIn(RequestModel):
    """Another day, why, and which body agreed to it."""

    promised_by: date
    reason: str = Field(min_length=1, max_length=2000)
    agreed_by: str = Field(min_length=1, max_length=100)


class RateIn(RequestModel):
    """What the lead deputy or the resident says of it now."""

    by: Literal["lead_deputy", "resident"]
    level: RatingLevel
    comment: str | None = Field(default=None, min_length=1, max_length=2000)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class PromiseLine(_Out):
    """A promise in the ledger. `overdue`: it is owed and its day is over; `carried_over`: it is older than the year asked for."""

    id: uuid.UUID
    case_id: uuid.UUID
    number: str
    department: str
    source: Literal["reply", "meeting"]
    round: int
    promised: str
    promised_by: date
    state: rules.State
    version: int
    made_at: datetime
    delivered_at: datetime | None
    overdue: bool = False
    carried_over: bool = False


class PromiseChangeOut(_Out):
    """A day that was changed, why, and who agreed."""

    before: date
    promised_by: date
    reason: str
    agreed_by: str
    at: datetime


class PromiseRatingOut(_Out):
    """A rating given again."""

    by: Literal["lead_deputy", "resident"]
    level: RatingLevel
    comment: str | None
    at: datetime


class PromiseOut(PromiseLine):
    """A promise with all that became of it."""

    evidence: str | None
    ended_because: str | None
    meeting_id: uuid.UUID | None
    changes: list[PromiseChangeOut] = []
    ratings: list[PromiseRatingOut] = []


class PromiseCounts(BaseModel):
    """A year's ledger: what was made in it or left owed by older years (`carried_over`); of those owed, `overdue` are late."""

    year: int
    base: int
    open: int
    changed: int
    kept: int
    ended: int
    overdue: int
    carried_over: int


async def _filters(
    department: Annotated[str | None, Query(max_length=40)] = None,
    state: Annotated[rules.State | None, Blank] = None,
    overdue: Annotated[bool | None, Blank] = None,
    year: Annotated[Annotated[int, Field(ge=2000, le=2100)] | None, Blank] = None,
    case_id: Annotated[uuid.UUID | None, Blank] = None,
) -> queries.Filters:
    return queries.Filters(department or None, state, overdue, year, case_id)


def _line(promise: Promise, year: int | None) -> PromiseLine:
    line = PromiseLine.model_validate(promise)
    line.overdue = _is_overdue(promise)
    line.carried_over = year is not None and promise.made_at < year_of(year)[0]
    return line


def _is_overdue(promise: Promise) -> bool:
    return promise.state in rules.OWED and promise.due_at < now()


async def _whole(tx: Tx, promise: Promise) -> PromiseOut:
    await tx.flush()
    changes, ratings = await queries.changes_of(tx, promise.id), await queries.ratings_of(tx, promise.id)
    return PromiseOut.model_validate(promise).model_copy(
        update={
            "overdue": _is_overdue(promise),
            "changes": [PromiseChangeOut.model_validate(one) for one in changes],
            "ratings": [PromiseRatingOut.model_validate(one) for one in ratings],
        }
    )


@router.get("/promises")
async def ledger(tx: InTx, caller: Reader, page: Paging, filters: Annotated[queries.Filters, Depends(_filters)]) -> Page[PromiseLine]:
    """The ledger, the earliest due first; `year` keeps what was made in it and what older years left owed."""
    rows, cursor = page_of(await queries.ledger(tx, caller, filters, page), page.limit, key=lambda p: (p.due_at, p.id))
    return Page(items=[_line(promise, filters.year) for promise in rows], next_cursor=cursor)


@router.get("/promises/counts")
async def counts(tx: InTx, caller: Reader, year: Year) -> PromiseCounts:
    """How many promises of a year's ledger are in which state."""
    found = await queries.count_states(tx, caller, year)
    return PromiseCounts(year=year, base=sum(found[state] for state in ("open", "changed", "kept", "ended")), **found)


@router.get("/promises/{promise_id}")
async def read(promise_id: uuid.UUID, tx: InTx, caller: Reader) -> PromiseOut:
    """A promise with its changes and ratings."""
    return await _whole(tx, await queries.find(tx, caller, promise_id))


@router.post("/promises/{promise_id}/keep")
async def keep(promise_id: uuid.UUID, body: KeepIn, tx: InTx, version: IfMatch, caller: Promiser) -> PromiseOut:
    """What was promised is there (落实): by the department, or the desk for it."""
    return await _whole(tx, await actions.keep(tx, promise_id, caller, version, **dict(body)))


@router.post("/promises/{promise_id}/change")
async def change(promise_id: uuid.UUID, body: ChangeIn, tx: InTx, version: IfMatch, caller: Promiser) -> PromiseOut:
    """Puts another day in force; the days before stay on record."""
    return await _whole(tx, await actions.change(tx, promise_id, caller, version, **dict(body)))


@router.post("/promises/{promise_id}/rating")
async def rate(promise_id: uuid.UUID, body: RateIn, tx: InTx, version: IfMatch, caller: Desk) -> PromiseOut:
    """The desk enters what the lead deputy or the resident says after the promise was kept or changed (重庆 24-28)."""
    return await _whole(tx, await actions.rate(tx, promise_id, caller, version, **dict(body)))
