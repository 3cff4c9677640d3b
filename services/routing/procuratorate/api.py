"""The doors between congress and procuratorate (衔接转化): the desk enters what is handed over, what comes back and what comes in."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.routing.procuratorate import actions, queries, rules
from services.routing.procuratorate.models import Transfer
from shared.clock import now
from shared.http import Blank, IfMatch, InTx, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["procuratorate"])

Desk = Annotated[Caller, requires("case.supervise")]
Reader = Annotated[Caller, requires("case.read")]
Code = Annotated[str, Field(min_length=1, max_length=40)]
Document = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1, max_length=5000)]


class LeadIn(RequestModel):
    """What a case brought to light, in one of the fields; documents by reference or number."""

    field: Code
    text: Text
    documents: list[Document] = Field(default=[], max_length=20)


class SuggestionIn(LeadIn):
    """A suggestion of the procuratorate (检察建议): its number and day."""

    reference: str = Field(min_length=1, max_length=100)
    issued_on: date


class AcceptedIn(RequestModel):
    """The number under which the procuratorate took a lead up."""

    reference: str = Field(min_length=1, max_length=100)


class ReturnedIn(RequestModel):
    """Why a lead came back."""

    reason: str = Field(min_length=1, max_length=2000)


class DocumentsIn(RequestModel):
    """References of the documents copied, and until when the suggestion gives its addressee time."""

    documents: list[Document] = Field(min_length=1, max_length=20)
    term_ends_on: date


class ResultIn(RequestModel):
    """What came of it."""

    result: Text


class TransferOut(BaseModel):
    """A lead handed over (`out`), or a suggestion tied to a case (`in`). `overdue`: documents or result were due before now."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    case_id: uuid.UUID
    number: str
    direction: rules.Direction
    field: str
    state: rules.State
    text: str
    reference: str | None
    issued_on: date | None
    documents: list[str]
    term_ends_on: date | None
    due_at: datetime | None
    due_is_provisional: bool
    overdue: bool = False
    result: str | None
    reason: str | None
    at: datetime
    answered_at: datetime | None
    documented_at: datetime | None
    concluded_at: datetime | None
    documents_on_time: bool | None
    result_on_time: bool | None
    version: int


def _out(transfer: Transfer) -> TransferOut:
    out = TransferOut.model_validate(transfer)
    out.overdue = transfer.state in ("accepted", "documented") and transfer.due_at is not None and transfer.due_at < now()
    return out


@router.post("/cases/{case_id}/procuratorate", status_code=201)
async def hand_over(case_id: uuid.UUID, body: LeadIn, tx: InTx, caller: Desk) -> TransferOut:
    """Hands what a case brought to light over to the procuratorate."""
    return _out(await actions.hand_over(tx, case_id, caller, **dict(body)))


@router.post("/cases/{case_id}/procuratorial-suggestions", status_code=201)
async def tie(case_id: uuid.UUID, body: SuggestionIn, tx: InTx, caller: Desk) -> TransferOut:
    """Ties a suggestion of the procuratorate to a case on the same matter."""
    return _out(await actions.tie(tx, case_id, caller, **dict(body)))


@router.get("/procuratorate/transfers")
async def list_transfers(
    tx: InTx,
    caller: Reader,
    page: Paging,
    direction: Annotated[rules.Direction | None, Blank] = None,
    state: Annotated[rules.State | None, Blank] = None,
    case_id: Annotated[uuid.UUID | None, Blank] = None,
) -> Page[TransferOut]:
    """What went to the procuratorate and came from it, the newest first."""
    found = await queries.list_transfers(tx, caller, page, direction, state, case_id)
    rows, cursor = page_of(found, page.limit, key=lambda one: (one.at, one.id))
    return Page(items=[_out(row) for row in rows], next_cursor=cursor)


@router.get("/procuratorate/transfers/{transfer_id}")
async def read(transfer_id: uuid.UUID, tx: InTx, caller: Reader) -> TransferOut:
    """One transfer."""
    return _out(await queries.find(tx, caller, transfer_id))


@router.post("/procuratorate/transfers/{transfer_id}/accept")
async def accept(transfer_id: uuid.UUID, body: AcceptedIn, tx: InTx, version: IfMatch, caller: Desk) -> TransferOut:
    """The procuratorate took the lead up; its documents are due."""
    return _out(await actions.accept(tx, transfer_id, caller, version, **dict(body)))


@router.post("/procuratorate/transfers/{transfer_id}/return")
async def send_back(transfer_id: uuid.UUID, body: ReturnedIn, tx: InTx, version: IfMatch, caller: Desk) -> TransferOut:
    """The procuratorate returned the lead."""
    return _out(await actions.send_back(tx, transfer_id, caller, version, **dict(body)))


@router.post("/procuratorate/transfers/{transfer_id}/documents")
async def document(transfer_id: uuid.UUID, body: DocumentsIn, tx: InTx, version: IfMatch, caller: Desk) -> TransferOut:
    """The documents were copied; the result is due after the suggestion's term."""
    return _out(await actions.document(tx, transfer_id, caller, version, **dict(body)))


@router.post("/procuratorate/transfers/{transfer_id}/conclude")
async def conclude(transfer_id: uuid.UUID, body: ResultIn, tx: InTx, version: IfMatch, caller: Desk) -> TransferOut:
    """What came of it."""
    return _out(await actions.conclude(tx, transfer_id, caller, version, **dict(body)))
