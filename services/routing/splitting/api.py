"""The doors of splitting (分办): the desk splits a case and takes a part back; who may read the first sees what all answered."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.routing import queries as cases
from services.routing.api import Organisation, Reader
from services.routing.models import CaseState
from services.routing.settings import Status
from services.routing.splitting import actions, queries
from shared.http import IfMatch, InTx, RequestModel, service_router
from shared.identity import Caller, requires

router = service_router(tags=["splitting"])

Desk = Annotated[Caller, requires("case.assign")]


class PartIn(RequestModel):
    """What is asked of a further department."""

    lead: Organisation
    co_handlers: list[Organisation] = Field(default=[], max_length=10)
    asked: str = Field(min_length=1, max_length=4000)


class SplitIn(RequestModel):
    """The parts beside the first case's own."""

    parts: list[PartIn] = Field(min_length=1, max_length=8)


class TakeBackIn(RequestModel):
    """Why a part is taken back."""

    reason: str = Field(min_length=1, max_length=2000)


class PartOut(BaseModel):
    """A part, and what its department answered in the round."""

    id: uuid.UUID
    number: str
    status: Status
    version: int
    round: int
    department: str | None
    reply_due_at: datetime | None
    result_class: str | None
    text: str | None
    signer: str | None
    replied_at: datetime | None
    on_time: bool | None


class SplitOut(BaseModel):
    """The first case of a matter with its parts."""

    case_id: uuid.UUID
    number: str
    status: Status
    version: int
    parts: list[PartOut]


async def _out(tx: InTx, case: CaseState) -> SplitOut:
    rows = await queries.parts_of(tx, case.id)
    parts = [PartOut(department=row["lead"], **{n: row[n] for n in PartOut.model_fields if n != "department"}) for row in rows]
    return SplitOut(case_id=case.id, number=case.number, status=case.status, version=case.version, parts=parts)


@router.post("/cases/{case_id}/split")
async def split(case_id: uuid.UUID, body: SplitIn, tx: InTx, version: IfMatch, caller: Desk) -> SplitOut:
    """Splits the case: each part becomes a case with its own number and clock; the first answers when all have."""
    parts = [actions.Part(one.lead, list(dict.fromkeys(one.co_handlers)), one.asked) for one in body.parts]
    return await _out(tx, await actions.split(tx, case_id, caller, version, parts))


@router.post("/cases/{case_id}/take-back")
async def take_back(case_id: uuid.UUID, body: TakeBackIn, tx: InTx, version: IfMatch, caller: Desk) -> SplitOut:
    """Takes a part back that has not answered."""
    return await _out(tx, await actions.take_back(tx, case_id, caller, version, body.reason))


@router.get("/cases/{case_id}/parts")
async def parts(case_id: uuid.UUID, tx: InTx, caller: Reader) -> SplitOut:
    """The parts of a case and their answers, together."""
    return await _out(tx, await cases.find_case(tx, caller, case_id))
