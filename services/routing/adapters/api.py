"""The doors to other systems (民情直通, 12345): the desk hands out; their adapters fetch and report, each request signed."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Header, Request
from pydantic import BaseModel, ConfigDict, Field

from services.routing.adapters import actions, queries, rules
from services.routing.queries import find_case
from shared.clock import now
from shared.db import Tx
from shared.http import InTx, RequestModel, service_router
from shared.identity import Caller, public, requires

router = service_router(tags=["adapters"])

Desk = Annotated[Caller, requires("case.supervise")]
Reader = Annotated[Caller, requires("case.read")]
Anyone = Annotated[Caller | None, public()]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Timestamp = Annotated[str, Header(alias="X-Timestamp", max_length=20, description="seconds since 1970 at which the request was signed")]
Signature = Annotated[
    str,
    Header(alias="X-Signature", max_length=64, description="hex HMAC-SHA256 of `<adapter>.<timestamp>.` and the body, or `queue`"),
]
MOST = 100


class HandOutIn(RequestModel):
    """The system that is to have the case."""

    adapter: Code


class ExternalReportIn(RequestModel):
    """How far the other system is: its id for this report, its id for the matter, its own status."""

    report_id: str = Field(min_length=1, max_length=100)
    external_id: str = Field(min_length=1, max_length=100)
    status: str = Field(min_length=1, max_length=40)
    note: str | None = Field(default=None, min_length=1, max_length=2000)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ExternalReportOut(_Out):
    """A status as it was reported, what it means here, and whether it moved anything."""

    status: str
    state: rules.State
    note: str | None
    applied: bool
    at: datetime


class HandedOutOut(_Out):
    """A case at another system."""

    id: uuid.UUID
    adapter: str
    state: rules.State
    external_id: str | None
    at: datetime
    reports: list[ExternalReportOut] = []


class QueuedOut(_Out):
    """What an adapter takes to its system; its texts are masked."""

    id: uuid.UUID
    number: str
    category: str | None
    title: str
    text: str
    at: datetime


class TakenOut(_Out):
    """What a report led to."""

    id: uuid.UUID
    state: rules.State
    external_id: str | None


@router.post("/cases/{case_id}/handed-out", status_code=201)
async def hand_out(case_id: uuid.UUID, body: HandOutIn, tx: InTx, caller: Desk) -> HandedOutOut:
    """Puts a case into the queue of another system."""
    return HandedOutOut.model_validate(await actions.hand_out(tx, case_id, caller, **dict(body)))


@router.get("/cases/{case_id}/handed-out")
async def list_handed_out(case_id: uuid.UUID, tx: InTx, caller: Reader) -> list[HandedOutOut]:
    """Which other systems have a case, and what they reported."""
    case = await find_case(tx, caller, case_id)
    there = await queries.of_case(tx, case.id)
    reports = await queries.reports_of(tx, [one.id for one in there])
    by_id = {one.id: [ExternalReportOut.model_validate(r) for r in reports if r.handed_out_id == one.id] for one in there}
    return [HandedOutOut.model_validate(one).model_copy(update={"reports": by_id[one.id]}) for one in there]


@router.get("/adapters/{adapter}/queue")
async def queue(adapter: Code, tx: InTx, caller: Anyone, timestamp: Timestamp = "", signature: Signature = "") -> list[QueuedOut]:
    """What waits for an adapter, the oldest first; it waits until its receipt is reported, so nothing fetched is lost."""
    _check(tx, adapter, timestamp, signature, rules.QUEUE)
    return [QueuedOut.model_validate(one) for one in await queries.queue_of(tx, adapter, MOST)]


@router.post("/adapters/{adapter}/handed-out/{handed_out_id}/status")
async def report(
    adapter: Code,
    handed_out_id: uuid.UUID,
    body: ExternalReportIn,
    request: Request,
    tx: InTx,
    caller: Anyone,
    timestamp: Timestamp = "",
    signature: Signature = "",
) -> TakenOut:
    """Another system says how far it is; the same report again is answered alike and changes nothing."""
    _check(tx, adapter, timestamp, signature, str(handed_out_id).encode() + b"." + await request.body())
    return TakenOut.model_validate(await actions.report(tx, adapter, handed_out_id, **dict(body)))


def _check(tx: Tx, adapter: str, timestamp: str, signature: str, signed: bytes) -> None:
    secret = tx.settings.adapter_secrets.get(adapter)
    known = secret.get_secret_value() if secret else None
    rules.check_signature(known, adapter, timestamp, signature, signed, at=now(), seconds=tx.settings.adapter_clock)
