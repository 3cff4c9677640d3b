"""The desk's doors of pauses."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.routing.api import CaseOut, Reader, whole
from services.routing.pauses import actions, queries
from services.routing.queries import find_case
from services.routing.rules import permission_of
from shared.http import IfMatch, InTx, RequestModel, service_router
from shared.identity import Caller, requires

router = service_router(tags=["pauses"])

Desk = Annotated[Caller, requires(permission_of("pause"))]


class PauseIn(RequestModel):
    """On which ground of the place's rules, and what there is to say."""

    ground: str = Field(min_length=1, max_length=40)
    note: str | None = Field(default=None, min_length=1, max_length=2000)


class PauseOut(BaseModel):
    """A pause. `ends_at` is its longest end, `resumed_at` when the clock went on."""

    id: uuid.UUID
    round: int
    ground: str
    note: str | None
    since: datetime
    ends_at: datetime
    resumed_at: datetime | None


@router.get("/cases/{case_id}/pauses")
async def list_pauses(case_id: uuid.UUID, tx: InTx, caller: Reader) -> list[PauseOut]:
    """The pauses of a case, the earliest first."""
    case = await find_case(tx, caller, case_id)
    return [PauseOut(**row) for row in await queries.pauses_of(tx, case.id)]


@router.post("/cases/{case_id}/pause")
async def pause(case_id: uuid.UUID, body: PauseIn, tx: InTx, version: IfMatch, caller: Desk) -> CaseOut:
    """Stops the clock of a case."""
    return await whole(tx, await actions.pause(tx, case_id, caller, version, **dict(body)))


@router.post("/cases/{case_id}/resume")
async def resume(case_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Desk) -> CaseOut:
    """Lets the clock go on."""
    return await whole(tx, await actions.resume(tx, case_id, caller, version))
