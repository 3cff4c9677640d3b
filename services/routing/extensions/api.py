"""The doors of extensions: the lead asks, the desk decides."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.routing.api import CaseOut, Reader, whole
from services.routing.extensions import actions, queries
from services.routing.queries import find_case
from services.routing.rules import permission_of
from shared.http import IfMatch, InTx, RequestModel, service_router
from shared.identity import Caller, requires
from shared.workdays import Unit

router = service_router(tags=["extensions"])

Desk = Annotated[Caller, requires(permission_of("agree"))]


class ExtendIn(RequestModel):
    """How much more time, and why."""

    n: int = Field(ge=1, le=366)
    unit: Unit
    reason: str = Field(min_length=1, max_length=2000)


class AgreeIn(RequestModel):
    """Whose consent it is, one of those that the place's rules name."""

    agreed_by: str = Field(min_length=1, max_length=40)


class DeclineIn(RequestModel):
    """Why not."""

    reason: str = Field(min_length=1, max_length=2000)


class ExtensionOut(BaseModel):
    """A request. `state` is asked, agreed or declined; `note` is why it was declined."""

    id: uuid.UUID
    round: int
    n: int
    unit: Unit
    reason: str
    organisation: str
    asked_at: datetime
    state: str
    agreed_by: str | None
    note: str | None
    decided_at: datetime | None


@router.get("/cases/{case_id}/extensions")
async def list_extensions(case_id: uuid.UUID, tx: InTx, caller: Reader) -> list[ExtensionOut]:
    """The extensions that were asked for, the earliest first."""
    case = await find_case(tx, caller, case_id)
    return [ExtensionOut(**row) for row in await queries.extensions_of(tx, case.id)]


@router.post("/cases/{case_id}/extend")
async def ask(
    case_id: uuid.UUID, body: ExtendIn, tx: InTx, version: IfMatch, caller: Annotated[Caller, requires(permission_of("extend"))]
) -> CaseOut:
    """The lead asks for more time before its reply is due."""
    return await whole(tx, await actions.ask(tx, case_id, caller, version, **dict(body)))


@router.post("/cases/{case_id}/agree")
async def agree(case_id: uuid.UUID, body: AgreeIn, tx: InTx, version: IfMatch, caller: Desk) -> CaseOut:
    """The desk agrees, and the deadline moves."""
    return await whole(tx, await actions.agree(tx, case_id, caller, version, agreed_by=body.agreed_by))


@router.post("/cases/{case_id}/decline")
async def decline(case_id: uuid.UUID, body: DeclineIn, tx: InTx, version: IfMatch, caller: Desk) -> CaseOut:
    """The desk does not agree; the deadline stays."""
    return await whole(tx, await actions.decline(tx, case_id, caller, version, reason=body.reason))
