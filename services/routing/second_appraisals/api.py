"""The doors of second appraisals (二次评价、二次交办): the desk's and the group's."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.routing.queries import state_by_id
from services.routing.second_appraisals import actions, queries, rules
from services.routing.second_appraisals.models import SecondAppraisal
from services.routing.settings import Status
from shared.db import Tx
from shared.events.intake import RatingLevel
from shared.http import Blank, IfMatch, InTx, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["second appraisals"])

Desk = Annotated[Caller, requires("case.supervise")]
Voter = Annotated[Caller, requires("case.rate.signed")]
Reader = Annotated[Caller, requires("case.read", "case.rate.signed")]


class OpenIn(RequestModel):
    """The group: deputies by their mandates, and how many voters (选民) are invited besides."""

    deputies: list[uuid.UUID] = Field(max_length=200)
    voters: int = Field(default=0, ge=0, le=300)


class VoteIn(RequestModel):
    """A seat's vote."""

    level: RatingLevel


class ReasonIn(RequestModel):
    """Why there is no outcome."""

    reason: str = Field(min_length=1, max_length=1000)


class SeatOut(BaseModel):
    """A seat. What it voted is shown once the appraisal has ended."""

    seat: int
    kind: Literal["deputy", "voter"]
    deputy_id: uuid.UUID | None
    voted: bool
    level: RatingLevel | None


class AppraisalLine(BaseModel):
    """A second appraisal. `quorum` and `threshold` are percent: of the seats, and of the votes."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    case_id: uuid.UUID
    number: str
    round: int
    state: rules.State
    quorum: int
    threshold: int
    opened_at: datetime
    ended_at: datetime | None


class AppraisalOut(AppraisalLine):
    """With its case, and its seats. `votes` of the seats have voted, `satisfied` of these with a level that counts as that, which is
    told once the appraisal has ended."""

    case_status: Status
    case_version: int
    reason: str | None
    votes: int
    satisfied: int | None
    seats: list[SeatOut]


async def _out(tx: Tx, appraisal: SecondAppraisal) -> AppraisalOut:
    await tx.flush()
    case = await state_by_id(tx, appraisal.case_id)
    seats = await queries.seats_of(tx, appraisal.id)
    found = rules.tally([seat.level for seat in seats], tx.policy.ratings.scale)
    over = appraisal.state != "open"
    shown = [
        SeatOut.model_validate({**seat.model_dump(), "voted": seat.level is not None, "level": seat.level if over else None})
        for seat in seats
    ]
    line = AppraisalLine.model_validate(appraisal).model_dump()
    about = {"case_status": case.status, "case_version": case.version, "reason": appraisal.reason}
    return AppraisalOut(**line, **about, votes=found.votes, satisfied=found.counted if over else None, seats=shown)


@router.post("/cases/{case_id}/second-appraisals", status_code=201)
async def open_appraisal(case_id: uuid.UUID, body: OpenIn, tx: InTx, version: IfMatch, caller: Desk) -> AppraisalOut:
    """The desk has a closed case appraised again."""
    return await _out(tx, await actions.open_appraisal(tx, case_id, caller, version, deputies=body.deputies, voters=body.voters))


@router.get("/second-appraisals")
async def list_appraisals(
    tx: InTx,
    caller: Reader,
    page: Paging,
    state: Annotated[rules.State | None, Blank] = None,
    case_id: Annotated[uuid.UUID | None, Blank] = None,
) -> Page[AppraisalLine]:
    """Second appraisals of the region, or those a deputy has a seat in; the newest first."""
    found = await queries.list_appraisals(tx, caller, state, case_id, page)
    rows, cursor = page_of(found, page.limit, key=lambda one: (one.opened_at, one.id))
    return Page(items=[AppraisalLine.model_validate(row) for row in rows], next_cursor=cursor)


@router.get("/second-appraisals/{appraisal_id}")
async def read(appraisal_id: uuid.UUID, tx: InTx, caller: Reader) -> AppraisalOut:
    """A second appraisal with its seats."""
    return await _out(tx, await queries.find(tx, caller, appraisal_id))


@router.post("/second-appraisals/{appraisal_id}/vote")
async def vote(appraisal_id: uuid.UUID, body: VoteIn, tx: InTx, caller: Voter) -> AppraisalOut:
    """A deputy of the group votes."""
    return await _out(tx, await actions.vote(tx, appraisal_id, caller, body.level))


@router.post("/second-appraisals/{appraisal_id}/slips/{seat}")
async def enter_slip(appraisal_id: uuid.UUID, seat: int, body: VoteIn, tx: InTx, caller: Desk) -> AppraisalOut:
    """The desk enters an invited voter's slip."""
    return await _out(tx, await actions.enter_slip(tx, appraisal_id, seat, caller, body.level))


@router.post("/second-appraisals/{appraisal_id}/conclude")
async def conclude(appraisal_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Desk) -> AppraisalOut:
    """The desk has the votes counted, in the version of the case it knows; a case that fails is handed over again."""
    return await _out(tx, await actions.conclude(tx, appraisal_id, caller, version))


@router.post("/second-appraisals/{appraisal_id}/call-off")
async def call_off(appraisal_id: uuid.UUID, body: ReasonIn, tx: InTx, version: IfMatch, caller: Desk) -> AppraisalOut:
    """The desk ends the appraisal without an outcome."""
    return await _out(tx, await actions.call_off(tx, appraisal_id, caller, version, body.reason))
