"""The doors of co-handlers' opinions."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.routing.api import Reader
from services.routing.co_handling import actions, queries
from services.routing.models import CaseState
from services.routing.queries import EVERYWHERE, find_case
from shared.db import Tx
from shared.http import IfMatch, InTx, RequestModel, service_router
from shared.identity import Caller, requires

router = service_router(tags=["co-handling"])

Unit = Annotated[Caller, requires("case.handle")]


class CoOpinionIn(RequestModel):
    """What the co-handler says, and the number of its document if there is one."""

    text: str = Field(min_length=1, max_length=20_000)
    document: str | None = Field(default=None, min_length=1, max_length=200)


class AgainIn(RequestModel):
    """Why another opinion is needed."""

    reason: str = Field(min_length=1, max_length=2000)


class SaidOut(BaseModel):
    """What was said at a turn."""

    turn: int
    text: str
    document: str | None
    given_at: datetime
    on_time: bool


class CoOpinionOut(BaseModel):
    """What a co-handler owes by `due_at`, and has said. `current`: it still has its part; `asked_again` is why another is needed."""

    assignment_id: uuid.UUID
    organisation: str
    round: int
    current: bool
    due_at: datetime
    turn: int
    given_at: datetime | None
    asked_again: str | None
    said: list[SaidOut]


async def _seen(tx: Tx, case: CaseState, caller: Caller) -> list[CoOpinionOut]:
    found = [CoOpinionOut(**row) for row in await queries.opinions_of(tx, case.id)]
    sees_all = caller.may(EVERYWHERE) or caller.organisation == case.lead
    return [one for one in found if sees_all or one.organisation == caller.organisation]


@router.get("/cases/{case_id}/co-opinions")
async def list_opinions(case_id: uuid.UUID, tx: InTx, caller: Reader) -> list[CoOpinionOut]:
    """Co-handlers' opinions: all of them for the desk and the lead, its own for a co-handler."""
    return await _seen(tx, await find_case(tx, caller, case_id), caller)


@router.post("/cases/{case_id}/co-opinions")
async def give(case_id: uuid.UUID, body: CoOpinionIn, tx: InTx, caller: Unit) -> list[CoOpinionOut]:
    """A co-handler gives its opinion."""
    return await _seen(tx, await actions.give(tx, case_id, caller, **dict(body)), caller)


@router.post("/cases/{case_id}/co-opinions/{assignment_id}/again")
async def ask_again(
    case_id: uuid.UUID, assignment_id: uuid.UUID, body: AgainIn, tx: InTx, version: IfMatch, caller: Unit
) -> list[CoOpinionOut]:
    """The lead asks a co-handler for a better opinion."""
    return await _seen(tx, await actions.ask_again(tx, case_id, assignment_id, caller, version, body.reason), caller)
