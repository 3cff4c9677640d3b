"""The doors of evaluation: the lead deputy's, the co-signers', the desk's."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from services.routing.evaluation import actions, queries, rules
from services.routing.models import CaseState
from services.routing.queries import find_case
from services.routing.reports.api import Department, Year
from services.routing.reports.rules import year_of
from services.routing.settings import Status
from services.routing.suggestions.queries import find_signed
from shared.db import Tx
from shared.events.intake import RatingLevel
from shared.http import Blank, IfMatch, InTx, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["evaluation"])

Desk = Annotated[Caller, requires("case.supervise")]
Reader = Annotated[Caller, requires("case.read")]
Signer = Annotated[Caller, requires("case.rate.signed")]
State = Annotated[rules.FormState | None, Blank]


class RateIn(RequestModel):
    """What the lead deputy says of the reply of a round: of how it was handled, and of what came of it, which counts."""

    round: int = Field(ge=1, le=100)
    attitude: RatingLevel
    result: RatingLevel
    comment: str | None = Field(default=None, min_length=1, max_length=2000)


class CommentIn(RequestModel):
    """What a signer says."""

    text: str = Field(min_length=1, max_length=2000)


class DeputyRatingOut(BaseModel):
    """What came back by a channel."""

    channel: rules.Channel
    deputy_id: uuid.UUID
    attitude: RatingLevel
    result: RatingLevel
    comment: str | None
    rated_at: datetime


class FormOut(BaseModel):
    """A form with what came back. `decides` is the channel whose result counts."""

    round: int
    deputy_id: uuid.UUID
    channels: list[rules.Channel]
    decides: rules.Channel
    sent_at: datetime
    reminded_at: datetime | None
    due_at: datetime
    due_is_provisional: bool
    state: rules.FormState
    ratings: list[DeputyRatingOut]


class CommentOut(BaseModel):
    """What a signer said of a round's reply."""

    round: int
    deputy_id: uuid.UUID
    comment: str
    at: datetime


class EvaluationOut(BaseModel):
    """The forms of a case by rounds, and the signers' comments."""

    case_id: uuid.UUID
    number: str
    status: Status
    version: int
    round: int
    forms: list[FormOut]
    comments: list[CommentOut]


class FormLine(BaseModel):
    """A form in a list. `returned_by` are the channels it has come back by; `title` is empty when the suggestion is confidential."""

    case_id: uuid.UUID
    number: str
    title: str
    version: int
    round: int
    deputy_id: uuid.UUID
    channels: list[rules.Channel]
    returned_by: list[rules.Channel]
    sent_at: datetime
    reminded_at: datetime | None
    due_at: datetime
    due_is_provisional: bool
    state: rules.FormState


class MismatchLine(BaseModel):
    """A reply that was rated differently on the net and on paper."""

    case_id: uuid.UUID
    number: str
    title: str
    department: str | None
    round: int
    deputy_id: uuid.UUID
    decides: rules.Channel
    sent_at: datetime
    net_attitude: RatingLevel
    net_result: RatingLevel
    paper_attitude: RatingLevel
    paper_result: RatingLevel


class MismatchReport(Page[MismatchLine]):
    """The forms sent in a year (`sent`), those that came back by both channels (`base`), and how many of these differ."""

    year: int
    sent: int
    base: int
    differing: int


async def _out(tx: Tx, case: CaseState) -> EvaluationOut:
    about: dict[str, Any] = {name: getattr(case, name) for name in ("number", "status", "version", "round")}
    return EvaluationOut.model_validate({"case_id": case.id, **about, **await queries.evaluation_of(tx, case.id)})


def _rating(body: RateIn) -> dict[str, Any]:
    return {"round_": body.round, "attitude": body.attitude, "result": body.result, "comment": body.comment}


@router.get("/cases/{case_id}/evaluation")
async def read(case_id: uuid.UUID, tx: InTx, caller: Reader) -> EvaluationOut:
    """The opinion forms of a case with what came back."""
    return await _out(tx, await find_case(tx, caller, case_id))


@router.get("/signed-cases/{case_id}/evaluation")
async def read_signed(case_id: uuid.UUID, tx: InTx, caller: Signer) -> EvaluationOut:
    """The same for those who signed the suggestion."""
    return await _out(tx, await find_signed(tx, caller, case_id))


@router.get("/opinion-forms")
async def list_forms(
    tx: InTx, caller: Annotated[Caller, requires("case.read", "case.rate.signed")], page: Paging, state: State = None
) -> Page[FormLine]:
    """The forms of the region, or those a deputy is asked to return; the newest first."""
    rows, cursor = page_of(await queries.list_forms(tx, caller, state, page), page.limit, key=lambda f: (f["sent_at"], f["case_id"]))
    return Page(items=[FormLine(**row) for row in rows], next_cursor=cursor)


@router.post("/signed-cases/{case_id}/rate")
async def rate(case_id: uuid.UUID, body: RateIn, tx: InTx, version: IfMatch, caller: Signer) -> EvaluationOut:
    """The lead deputy returns the form on the net."""
    return await _out(tx, await actions.rate(tx, case_id, caller, version, **_rating(body)))


@router.post("/signed-cases/{case_id}/comment")
async def comment(case_id: uuid.UUID, body: CommentIn, tx: InTx, version: IfMatch, caller: Signer) -> EvaluationOut:
    """A signer says something of the newest reply."""
    return await _out(tx, await actions.comment(tx, case_id, caller, version, body.text))


@router.post("/cases/{case_id}/paper-rating")
async def enter_paper(case_id: uuid.UUID, body: RateIn, tx: InTx, version: IfMatch, caller: Desk) -> EvaluationOut:
    """The desk enters the paper form."""
    return await _out(tx, await actions.enter_paper(tx, case_id, caller, version, **_rating(body)))


@router.get("/reports/mismatch")
async def mismatch(tx: InTx, caller: Reader, year: Annotated[Year, Query()], page: Paging, department: Department = None) -> MismatchReport:
    """Where the net and the paper rating of a suggestion say different things (双测评), with the base they are of."""
    since, until = year_of(year)
    counted = await queries.count_mismatches(tx, caller, since, until, department)
    found = await queries.list_mismatches(tx, caller, since, until, department, page)
    rows, cursor = page_of(found, page.limit, key=lambda f: (f["sent_at"], f["case_id"]))
    counts = {"sent": counted["sent"], "base": counted["both"], "differing": counted["differing"]}
    return MismatchReport(items=[MismatchLine(**row) for row in rows], next_cursor=cursor, year=year, **counts)
