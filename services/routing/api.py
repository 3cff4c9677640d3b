"""The doors of routing: the desk and the departments read cases and act on them, each action against a version."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from services.routing import queries, rules
from services.routing.actions import handling
from services.routing.models import CaseState
from services.routing.settings import Lane, Matter
from shared.clock import now
from shared.db import Tx
from shared.http import Blank, IfMatch, InTx, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["routing"])

Organisation = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Reader = Annotated[Caller, requires("case.read", "case.read.own")]
OneReader = Annotated[Caller, requires("case.read", "case.read.own", "case.read.counterpart")]


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


class CaseLine(_Out):
    """A case in a list. `department` is the lead (主办); `overdue` says that a reply is owed and was due before now.

    `light` is green, yellow (亮黄灯: most of the time is over) or red (亮红灯: overdue) while a reply is owed, else null. `handled_with`
    is the head of cases handled together, `part_of` the first of those that a matter was split into; these name themselves.
    """

    id: uuid.UUID
    number: str
    opinion_id: uuid.UUID
    matter: Matter
    title: str
    region: str
    category: str | None
    status: rules.Status
    version: int
    department: str | None
    co_handlers: list[str]
    round: int
    reply_due_at: datetime | None
    due_is_provisional: bool
    overdue: bool = False
    light: rules.Light | None = None
    opened_at: datetime
    lane: Lane
    handled_with: uuid.UUID | None
    part_of: uuid.UUID | None


class ReplyOut(_Out):
    """The reply of a round."""

    round: int
    department: str
    result_class: str = Field(alias="class")
    text: str
    signer: str
    replied_at: datetime
    on_time: bool


class RatingOut(_Out):
    """The resident's rating of a round."""

    round: int
    level: str
    comment: str | None
    rated_at: datetime


class MarkOut(_Out):
    """Since which round and why the case is supervised (督办)."""

    round: int
    reason: str
    at: datetime


class StepOut(_Out):
    """One line of the history. Who acted is a role and an organisation, never a name."""

    version: int
    action: str
    from_status: str | None = Field(alias="from")
    to_status: str = Field(alias="to")
    round: int
    by_role: str
    by_organisation: str | None
    note: str | None
    at: datetime


class CaseOut(CaseLine):
    """A case with all that has happened to it."""

    text: str
    channel: str
    proposed_category: str | None
    confidence: float
    replies: list[ReplyOut] = []
    ratings: list[RatingOut] = []
    marks: list[MarkOut] = []
    history: list[StepOut] = []


class AssignIn(RequestModel):
    """Who is to handle a case, and its category if the proposed one is wrong."""

    lead: Organisation
    co_handlers: list[Organisation] = Field(default=[], max_length=10)
    category: str | None = Field(default=None, min_length=1, max_length=40)


class ObjectIn(RequestModel):
    """Why the matter is not the department's own."""

    reason: str = Field(min_length=1, max_length=2000)


class ReplyIn(RequestModel):
    """The reply of a round: its result class, its text and who signs it, and what it promises by which day if the class counts so."""

    result_class: str = Field(alias="class", min_length=1, max_length=16)
    text: str = Field(min_length=1, max_length=20_000)
    signer: str = Field(min_length=1, max_length=60)
    promised: str | None = Field(default=None, min_length=1, max_length=2000)
    promised_by: date | None = None


async def _filters(
    status: Annotated[rules.Status | None, Blank] = None,
    department: Annotated[str | None, Query(max_length=40)] = None,
    overdue: Annotated[bool | None, Blank] = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
) -> queries.Filters:
    return queries.Filters(status, department or None, overdue, q or None)


def _line(row: Mapping[str, Any]) -> CaseLine:
    return CaseLine(**row, overdue=_is_overdue(row["status"], row["reply_due_at"]), light=_light(row))


def _light(case: Mapping[str, Any]) -> rules.Light | None:
    return rules.shown_light(case["status"], due_at=case["reply_due_at"], next_push_at=case["next_push_at"], now=now())


def _is_overdue(status: str, due_at: datetime | None) -> bool:
    return status in rules.RUNNING and due_at is not None and due_at < now()


async def whole(tx: Tx, case: CaseState) -> CaseOut:
    past = await queries.past_of(tx, case.id)
    return CaseOut.model_validate(case).model_copy(
        update={
            "overdue": _is_overdue(case.status, case.reply_due_at),
            "light": _light(vars(case)),
            "replies": [ReplyOut.model_validate(row) for row in past.replies],
            "ratings": [RatingOut.model_validate(row) for row in past.ratings],
            "marks": [MarkOut.model_validate(row) for row in past.marks],
            "history": [StepOut.model_validate(row) for row in past.history],
        }
    )


@router.get("/cases")
async def list_cases(tx: InTx, caller: Reader, page: Paging, filters: Annotated[queries.Filters, Depends(_filters)]) -> Page[CaseLine]:
    """Cases the newest first: all of the region for the desk, those with an own part for a department.

    `department` is lead or co-handler; `q` is looked for in title and text, or is a number.
    """
    found = await queries.list_cases(tx, caller, filters, page)
    rows, cursor = page_of(found, page.limit, key=lambda c: (c["opened_at"], c["id"]))
    return Page(items=[_line(row) for row in rows], next_cursor=cursor)


@router.get("/cases/{case_id}")
async def read_case(case_id: uuid.UUID, tx: InTx, caller: OneReader) -> CaseOut:
    """A case with its replies, ratings and history."""
    return await whole(tx, await queries.find_case(tx, caller, case_id))


@router.post("/cases/{case_id}/assign")
async def assign(
    case_id: uuid.UUID, body: AssignIn, tx: InTx, version: IfMatch, caller: Annotated[Caller, requires(rules.permission_of("assign"))]
) -> CaseOut:
    """Hands a case over (交办), or over again."""
    return await whole(tx, await handling.assign(tx, case_id, caller, version, **dict(body)))


@router.post("/cases/{case_id}/accept")
async def accept(
    case_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Annotated[Caller, requires(rules.permission_of("accept"))]
) -> CaseOut:
    """The lead department takes the case on."""
    return await whole(tx, await handling.accept(tx, case_id, caller, version))


@router.post("/cases/{case_id}/object")
async def object_to(
    case_id: uuid.UUID, body: ObjectIn, tx: InTx, version: IfMatch, caller: Annotated[Caller, requires(rules.permission_of("object"))]
) -> CaseOut:
    """The lead department says that the matter is not its own (异议)."""
    return await whole(tx, await handling.object_to(tx, case_id, caller, version, body.reason))


@router.post("/cases/{case_id}/reply")
async def reply(
    case_id: uuid.UUID, body: ReplyIn, tx: InTx, version: IfMatch, caller: Annotated[Caller, requires(rules.permission_of("reply"))]
) -> CaseOut:
    """The lead department replies (答复) in the current round."""
    return await whole(tx, await handling.reply(tx, case_id, caller, version, **dict(body)))
