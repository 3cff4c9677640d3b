"""The doors of petitions: the petitioner's by lookup code, the deputy's and staff's by permission."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel, Field

from services.intake import actions as opinions
from services.intake.api import ContactIn, ReceiptOut
from services.intake.disclosing import PurposeIn
from services.intake.petitions import actions, queries, rules
from services.intake.petitions.models import Petition, Transfer
from shared.clock import now
from shared.db import Tx
from shared.events.intake_petitions import PetitionEnd, TransferMethod
from shared.http import Blank, IfMatch, InTx, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, public, requires
from shared.masking import mask

router = service_router(tags=["petitions"])

Anyone = Annotated[Caller | None, public()]
Actor = Annotated[Caller, requires("petition.act", "petition.enter")]
Unmasker = Annotated[Caller, requires("personal.unmask")]
Reader = Annotated[Caller, requires("petition.read", "petition.act")]
LookupCode = Annotated[str, Header(alias="X-Lookup-Code", max_length=64, description="the code that came with the number")]
Number = Annotated[str, Field(max_length=64)]
RegionCode = Annotated[str, Field(min_length=2, max_length=24, pattern=r"^[0-9a-z]+$")]


class PetitionIn(RequestModel):
    """A petition for a deputy, and how its petitioner may be reached."""

    deputy_id: uuid.UUID
    region: RegionCode
    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=20_000)
    contact: ContactIn


class DocumentIn(RequestModel):
    """What names the signed sheet of consent: its number or where it is kept."""

    document: str = Field(min_length=2, max_length=200)


class TransferIn(RequestModel):
    """To whom and how a petition is passed on (转送 / 交办 / 告知)."""

    organisation: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    method: TransferMethod
    reference: str | None = Field(default=None, min_length=1, max_length=100)


class AnswerIn(RequestModel):
    """What the organ answered."""

    text: str = Field(min_length=1, max_length=20_000)


class LeadIn(RequestModel):
    """A lead for supervision or a livelihood project, without the petitioner's name."""

    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=20_000)
    category: str | None = Field(default=None, max_length=40)


class CloseIn(RequestModel):
    """What the petitioner was told, and how."""

    told: str = Field(min_length=2, max_length=5_000)
    lead: LeadIn | None = None


class GroundIn(RequestModel):
    """Why a petition is not taken."""

    ground: str = Field(max_length=40)


class ContactOut(BaseModel):
    """How to reach the petitioner."""

    name: str | None
    phone: str | None


class SlipOut(BaseModel):
    """What the petitioner takes away; with the lookup code they consent. It is shown this once."""

    id: uuid.UUID
    number: str
    lookup_code: str
    state: rules.State


class TransferOut(BaseModel):
    """A transfer and its answer. `overdue`: the organ's time is over and there is none."""

    id: uuid.UUID
    organisation: str
    method: TransferMethod
    reference: str | None
    at: datetime
    due_at: datetime
    due_provisional: bool
    answer: str | None
    answered_at: datetime | None
    overdue: bool


class PetitionOut(BaseModel):
    """A petition as its deputy and staff see it, without contact data. Numbers in the texts are masked."""

    id: uuid.UUID
    number: str
    deputy_id: uuid.UUID
    region: str
    title: str
    text: str
    state: rules.State
    consent_by: str | None
    consent_at: datetime | None
    end: PetitionEnd | None
    ground: str | None
    told: str | None
    lead_opinion_id: uuid.UUID | None
    version: int
    transfers: list[TransferOut]


class ClosedOut(BaseModel):
    """A closed petition, and the receipt of the lead it gave."""

    petition: PetitionOut
    lead: ReceiptOut | None


class TrackOut(BaseModel):
    """A petition as its petitioner sees it."""

    number: str
    title: str
    state: rules.State
    end: PetitionEnd | None
    told: str | None
    transfers: list[TransferOut]


@router.post("/petitions", status_code=201)
async def enter(body: PetitionIn, tx: InTx, caller: Actor) -> SlipOut:
    """Enters a petition; nothing is done in it before the petitioner consents."""
    sender = opinions.Sender(body.contact.name, body.contact.phone)
    petition_id, slip = await actions.enter(tx, caller, body.deputy_id, body.region, body.title, body.text, sender)
    return SlipOut(id=petition_id, number=slip.number, lookup_code=slip.lookup_code, state="awaiting_consent")


@router.post("/public/petitions/{number}/consent")
async def consent(number: Number, tx: InTx, caller: Anyone, lookup_code: LookupCode = "") -> TrackOut:
    """The petitioner consents that the deputy acts."""
    return await _track(tx, await actions.consent(tx, number, lookup_code))


@router.post("/public/petitions/{number}/withdraw")
async def withdraw(number: Number, tx: InTx, caller: Anyone, lookup_code: LookupCode = "") -> TrackOut:
    """The petitioner takes the petition back, and with it the consent."""
    return await _track(tx, await actions.withdraw(tx, number, lookup_code))


@router.get("/public/petitions/{number}")
async def track(number: Number, tx: InTx, caller: Anyone, lookup_code: LookupCode = "") -> TrackOut:
    """How far a petition has come, for whoever has its lookup code."""
    return await _track(tx, await queries.petition_of(tx, number, lookup_code))


@router.post("/petitions/{petition_id}/consent")
async def consent_on_paper(petition_id: uuid.UUID, body: DocumentIn, tx: InTx, version: IfMatch, caller: Actor) -> PetitionOut:
    """Enters a signed sheet as consent."""
    return await _out(tx, await actions.consent_on_paper(tx, petition_id, caller, version, document=body.document))


@router.post("/petitions/{petition_id}/transfers", status_code=201)
async def transfer(petition_id: uuid.UUID, body: TransferIn, tx: InTx, version: IfMatch, caller: Actor) -> PetitionOut:
    """Passes a petition on to an organ."""
    return await _out(tx, await actions.transfer(tx, petition_id, caller, version, **body.model_dump()))


@router.post("/petitions/{petition_id}/transfers/{transfer_id}/answer")
async def answer(petition_id: uuid.UUID, transfer_id: uuid.UUID, body: AnswerIn, tx: InTx, version: IfMatch, caller: Actor) -> PetitionOut:
    """Records what the organ answered."""
    return await _out(tx, await actions.answer(tx, petition_id, transfer_id, caller, version, text=body.text))


@router.post("/petitions/{petition_id}/close")
async def close(petition_id: uuid.UUID, body: CloseIn, tx: InTx, version: IfMatch, caller: Actor) -> ClosedOut:
    """Closes the loop."""
    lead = actions.Lead(**body.lead.model_dump()) if body.lead else None
    petition, receipt = await actions.close(tx, petition_id, caller, version, told=body.told, lead=lead)
    shown = ReceiptOut(number=receipt.number, lookup_code=receipt.lookup_code, status=receipt.status) if receipt else None
    return ClosedOut(petition=await _out(tx, petition), lead=shown)


@router.post("/petitions/{petition_id}/decline")
async def decline(petition_id: uuid.UUID, body: GroundIn, tx: InTx, version: IfMatch, caller: Actor) -> PetitionOut:
    """Does not take a petition, on a ground."""
    return await _out(tx, await actions.decline(tx, petition_id, caller, version, ground=body.ground))


@router.get("/petitions")
async def petitions(tx: InTx, caller: Reader, paging: Paging, state: Annotated[rules.State | None, Blank] = None) -> Page[PetitionOut]:
    """Petitions, newest first: of the caller's region, or the caller's own as a deputy."""
    after = paging.after(uuid.UUID)
    rows = await queries.page_of_petitions(tx, caller, state, after[0] if after else None, paging.limit)
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.id,))
    return Page(items=[await _out(tx, one) for one in items], next_cursor=cursor)


@router.get("/petitions/{petition_id}")
async def petition(petition_id: uuid.UUID, tx: InTx, caller: Reader) -> PetitionOut:
    """One petition."""
    return await _out(tx, await queries.petition(tx, petition_id, caller))


@router.post("/petitions/{petition_id}/contact", openapi_extra={"x-idempotent": False})
async def contact(petition_id: uuid.UUID, body: PurposeIn, tx: InTx, caller: Unmasker) -> ContactOut:
    """How to reach the petitioner; a POST, because reading it leaves a row that says who and what for."""
    sender = await actions.read_contact(tx, petition_id, caller, body.purpose)
    return ContactOut(name=sender.name, phone=sender.phone)


async def _out(tx: Tx, petition: Petition) -> PetitionOut:
    shown = petition.model_dump(include=set(PetitionOut.model_fields))
    made = [_transfer(one) for one in await queries.transfers(tx, petition.id)]
    return PetitionOut.model_validate({**shown, "title": mask(petition.title), "text": mask(petition.text), "transfers": made})


async def _track(tx: Tx, petition: Petition) -> TrackOut:
    shown = petition.model_dump(include=set(TrackOut.model_fields))
    made = [_transfer(one) for one in await queries.transfers(tx, petition.id)]
    return TrackOut.model_validate({**shown, "title": mask(petition.title), "transfers": made})


def _transfer(transfer: Transfer) -> TransferOut:
    shown = transfer.model_dump(include=set(TransferOut.model_fields))
    return TransferOut.model_validate({**shown, "overdue": transfer.answered_at is None and transfer.due_at < now()})
