"""The doors of pre-assignment (预交办): the desk asks and hands over, a unit reads what it was asked and answers."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.routing import queries as cases
from services.routing.api import Organisation
from services.routing.models import CaseState
from services.routing.pre_assignments import actions, queries
from services.routing.settings import Status
from shared.http import IfMatch, InTx, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["pre-assignments"])

Desk = Annotated[Caller, requires("case.assign")]
Unit = Annotated[Caller, requires("case.handle")]
Reader = Annotated[Caller, requires("case.read", "case.handle")]


class PreAssignIn(RequestModel):
    """Which units are asked to handle a case, and what is required of them."""

    lead: Organisation
    co_handlers: list[Organisation] = Field(default=[], max_length=10)
    requirements: str = Field(min_length=1, max_length=4000)


class ReasonIn(RequestModel):
    """Why the unit should not handle the case."""

    reason: str = Field(min_length=1, max_length=2000)


class PreAssignmentOut(BaseModel):
    """What a unit was asked, and what it said. `case_version` is what the next verb on the case starts from."""

    id: uuid.UUID
    case_id: uuid.UUID
    case_version: int
    number: str
    title: str
    text: str
    category: str | None
    organisation: str
    part: str
    requirements: str
    state: str
    reason: str | None
    asked_at: datetime
    due_at: datetime
    due_is_provisional: bool
    answered_at: datetime | None


class HandedOver(BaseModel):
    """The case after a verb of the desk."""

    case_id: uuid.UUID
    number: str
    status: Status
    version: int
    department: str | None
    co_handlers: list[str]
    reply_due_at: datetime | None
    pre_assignments: list[PreAssignmentOut]


def _out(listed: queries.Listed) -> PreAssignmentOut:
    asked, case = listed
    own = asked.model_dump(include=set(PreAssignmentOut.model_fields))
    about = {"case_version": case.version, "number": case.number, "title": case.title, "text": case.text, "category": case.category}
    return PreAssignmentOut(**own, **about)


async def _case(tx: InTx, case: CaseState) -> HandedOver:
    return HandedOver(
        case_id=case.id,
        number=case.number,
        status=case.status,
        version=case.version,
        department=case.lead,
        co_handlers=case.co_handlers,
        reply_due_at=case.reply_due_at,
        pre_assignments=[_out(row) for row in await queries.of_case(tx, case.id)],
    )


@router.post("/cases/{case_id}/pre-assignments")
async def pre_assign(case_id: uuid.UUID, body: PreAssignIn, tx: InTx, version: IfMatch, caller: Desk) -> HandedOver:
    """Asks units before the hand-over; no legal clock runs. Those asked before are not asked any more."""
    return await _case(tx, await actions.pre_assign(tx, case_id, caller, version, **dict(body)))


@router.post("/cases/{case_id}/hand-over")
async def hand_over(case_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Desk) -> HandedOver:
    """Hands the case over to the units as they were pre-assigned: the lead has confirmed and nobody objects."""
    return await _case(tx, await actions.hand_over_as_confirmed(tx, case_id, caller, version))


@router.get("/cases/{case_id}/pre-assignments")
async def of_case(case_id: uuid.UUID, tx: InTx, caller: Annotated[Caller, requires("case.read")]) -> list[PreAssignmentOut]:
    """Whom the desk has asked about a case, and what they said."""
    case = await cases.find_case(tx, caller, case_id)
    return [_out(row) for row in await queries.of_case(tx, case.id)]


@router.get("/pre-assignments")
async def own(tx: InTx, caller: Unit, page: Paging) -> Page[PreAssignmentOut]:
    """What the caller's unit was asked, the newest first."""
    rows, cursor = page_of(await queries.own(tx, caller.organisation, page), page.limit, key=lambda row: (row.asked.asked_at, row.asked.id))
    return Page(items=[_out(row) for row in rows], next_cursor=cursor)


@router.get("/pre-assignments/{pre_assignment_id}")
async def read(pre_assignment_id: uuid.UUID, tx: InTx, caller: Reader) -> PreAssignmentOut:
    """One of them: the unit's own, or one of the desk's region."""
    return _out(await queries.one(tx, caller, pre_assignment_id))


@router.post("/pre-assignments/{pre_assignment_id}/confirm")
async def confirm(pre_assignment_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Unit) -> PreAssignmentOut:
    """The unit would handle the case. The version is the case's."""
    await actions.answer(tx, pre_assignment_id, caller, version, reason=None)
    return _out(await queries.one(tx, caller, pre_assignment_id))


@router.post("/pre-assignments/{pre_assignment_id}/object")
async def object_to(pre_assignment_id: uuid.UUID, body: ReasonIn, tx: InTx, version: IfMatch, caller: Unit) -> PreAssignmentOut:
    """The unit says why it should not handle the case. The version is the case's."""
    await actions.answer(tx, pre_assignment_id, caller, version, reason=body.reason)
    return _out(await queries.one(tx, caller, pre_assignment_id))
