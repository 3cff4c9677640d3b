"""The doors of handling together (并案): the desk joins cases to a head and takes one out again."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.routing import queries as cases
from services.routing.api import Reader
from services.routing.joining import actions, queries
from services.routing.models import CaseState
from services.routing.settings import Status
from shared.http import IfMatch, InTx, Lang, RequestModel, service_router
from shared.identity import Caller, requires

router = service_router(tags=["joining"])

Desk = Annotated[Caller, requires("case.assign")]


class OtherIn(RequestModel):
    """A case that is to be handled with the head, and the version it is known in."""

    id: uuid.UUID
    version: int = Field(ge=1)


class JoinIn(RequestModel):
    """Which cases are to be handled together with the head."""

    cases: list[OtherIn] = Field(min_length=1, max_length=50)


class JoinedOut(BaseModel):
    """A case of a group; each has its own number, clock and reply."""

    id: uuid.UUID
    number: str
    title: str
    status: Status
    version: int
    round: int
    reply_due_at: datetime | None


class GroupOut(BaseModel):
    """A case and those it is handled together with, the head first; empty for a case by itself."""

    case_id: uuid.UUID
    number: str
    status: Status
    version: int
    head: uuid.UUID | None
    cases: list[JoinedOut]


async def _out(tx: InTx, case: CaseState) -> GroupOut:
    rows = [JoinedOut(**{name: row[name] for name in JoinedOut.model_fields}) for row in await queries.group_of(tx, case)]
    about = {name: getattr(case, name) for name in ("number", "status", "version")}
    return GroupOut(case_id=case.id, head=case.handled_with, cases=rows, **about)


@router.post("/cases/{case_id}/join")
async def join(case_id: uuid.UUID, body: JoinIn, tx: InTx, lang: Lang, version: IfMatch, caller: Desk) -> GroupOut:
    """Joins cases to this one as their head: one handling, separate replies."""
    others = list({one.id: (one.id, one.version) for one in body.cases}.values())
    return await _out(tx, await actions.join(tx, case_id, caller, version, others, lang))


@router.post("/cases/{case_id}/separate")
async def separate(case_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Desk) -> GroupOut:
    """Takes the case out again: it goes on by itself."""
    return await _out(tx, await actions.separate(tx, case_id, caller, version))


@router.get("/cases/{case_id}/joined")
async def joined(case_id: uuid.UUID, tx: InTx, caller: Reader) -> GroupOut:
    """Whom the case is handled together with."""
    return await _out(tx, await cases.find_case(tx, caller, case_id))
