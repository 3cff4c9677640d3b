"""The doors of appointments: slots and bookings for anyone, offers and outcomes for hosts and staff."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Header, Query
from pydantic import BaseModel, Field, HttpUrl

from services.intake import actions as opinions
from services.intake.api import ContactIn, ReceiptOut
from services.intake.appointments import actions, queries
from services.intake.appointments.errors import HostUnclear
from services.intake.appointments.models import Booking, Slot
from services.intake.civil import Moment
from services.intake.disclosing import PurposeIn
from shared.clock import now
from shared.events.intake_appointments import AppointmentOutcome
from shared.events.intake_receptions import MeetingChannel
from shared.http import IfMatch, InTx, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, public, requires
from shared.masking import mask

router = service_router(tags=["appointments"])

Anyone = Annotated[Caller | None, public()]
Host = Annotated[Caller, requires("appointment.host", "appointment.staff")]
Unmasker = Annotated[Caller, requires("personal.unmask")]
LookupCode = Annotated[str, Header(alias="X-Lookup-Code", max_length=64, description="the code that came with the number")]
Number = Annotated[str, Field(max_length=64)]


class SlotsIn(RequestModel):
    """Slots to offer, each of the place's length. Without `deputy_id` they are the caller's own, or the caller's organisation's."""

    deputy_id: uuid.UUID | None = None
    starts: Annotated[list[Moment], Field(min_length=1, max_length=60)]
    channel: MeetingChannel
    station_id: uuid.UUID | None = None
    link: Annotated[HttpUrl, Field(max_length=500)] | None = None


class BookingIn(RequestModel):
    """Who books a slot, and what about. The host must be able to reach the visitor."""

    topic: str = Field(min_length=2, max_length=500)
    contact: ContactIn


class RaisedIn(RequestModel):
    """A matter that came out of the appointment."""

    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=20_000)
    category: str | None = Field(default=None, max_length=40)


class OutcomeIn(RequestModel):
    """How the appointment went."""

    outcome: AppointmentOutcome
    note: str | None = Field(default=None, min_length=1, max_length=5_000)
    matter: RaisedIn | None = None


class SlotOut(BaseModel):
    """A slot."""

    id: uuid.UUID
    deputy_id: uuid.UUID | None
    organisation: str | None
    starts_at: datetime
    ends_at: datetime
    channel: MeetingChannel
    station_id: uuid.UUID | None


class SlipOut(BaseModel):
    """What the visitor takes away. The lookup code is shown this once."""

    number: str
    lookup_code: str
    slot: SlotOut


class BookedOut(BaseModel):
    """An appointment as its visitor sees it; the link of an online one is theirs alone."""

    number: str
    state: str
    cancelled_by: str | None
    outcome: str | None
    link: str | None
    slot: SlotOut


class AppointmentOut(BaseModel):
    """An appointment as its host sees it, without contact data. Numbers in the topic are masked."""

    id: uuid.UUID
    number: str
    topic: str
    state: str
    cancelled_by: str | None
    outcome: str | None
    note: str | None
    opinion_id: uuid.UUID | None
    version: int
    slot: SlotOut


class ConcludedOut(BaseModel):
    """A concluded appointment, and the receipt of the matter for the visitor."""

    appointment: AppointmentOut
    receipt: ReceiptOut | None


class ContactOut(BaseModel):
    """How to reach the visitor."""

    name: str | None
    phone: str | None


@router.post("/slots", status_code=201)
async def offer(body: SlotsIn, tx: InTx, caller: Host) -> list[SlotOut]:
    """Offers slots."""
    where = actions.Where(body.channel, body.station_id, str(body.link) if body.link else None)
    made = await actions.offer(tx, caller, body.deputy_id or caller.deputy_id, body.starts, where)
    return [_slot(one) for one in made]


@router.post("/slots/{slot_id}/withdraw")
async def withdraw(slot_id: uuid.UUID, tx: InTx, caller: Host) -> SlotOut:
    """Takes a slot back before it begins."""
    return _slot(await actions.withdraw(tx, slot_id, caller))


@router.get("/public/slots")
async def slots(
    tx: InTx,
    caller: Anyone,
    paging: Paging,
    deputy_id: uuid.UUID | None = None,
    organisation: Annotated[str | None, Query(max_length=40)] = None,
) -> Page[SlotOut]:
    """The free slots of a deputy or a unit, in the order of time."""
    if (deputy_id is None) == (organisation is None):
        raise HostUnclear(where="deputy_id")
    after = paging.after(datetime, uuid.UUID)
    rows = await queries.free_slots(tx, deputy_id, organisation, now(), (after[0], after[1]) if after else None, paging.limit)
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.starts_at, row.id))
    return Page(items=[_slot(one) for one in items], next_cursor=cursor)


@router.post("/public/slots/{slot_id}/book", status_code=201)
async def book(slot_id: uuid.UUID, body: BookingIn, tx: InTx, caller: Anyone) -> SlipOut:
    """Books a slot."""
    slip, slot = await actions.book(tx, slot_id, body.topic, opinions.Sender(body.contact.name, body.contact.phone))
    return SlipOut(number=slip.number, lookup_code=slip.lookup_code, slot=_slot(slot))


@router.get("/public/appointments/{number}")
async def track(number: Number, tx: InTx, caller: Anyone, lookup_code: LookupCode = "") -> BookedOut:
    """An appointment, for whoever has its lookup code."""
    return _booked(*await queries.booked_by(tx, number, lookup_code))


@router.post("/public/appointments/{number}/cancel")
async def give_back(number: Number, tx: InTx, caller: Anyone, lookup_code: LookupCode = "") -> BookedOut:
    """The visitor gives the slot back before it begins."""
    return _booked(*await actions.give_back(tx, number, lookup_code))


@router.get("/appointments")
async def appointments(tx: InTx, caller: Host, paging: Paging) -> Page[AppointmentOut]:
    """The appointments that the caller hosts, or of the caller's region, the latest first."""
    after = paging.after(datetime, uuid.UUID)
    rows = await queries.page_of_appointments(tx, caller, (after[0], after[1]) if after else None, paging.limit)
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row[1].starts_at, row[0].id))
    return Page(items=[_appointment(*one) for one in items], next_cursor=cursor)


@router.post("/appointments/{appointment_id}/conclude")
async def conclude(appointment_id: uuid.UUID, body: OutcomeIn, tx: InTx, version: IfMatch, caller: Host) -> ConcludedOut:
    """Records how an appointment went."""
    raised = actions.Raised(**body.matter.model_dump()) if body.matter else None
    booking, slot, receipt = await actions.conclude(
        tx, appointment_id, caller, version, outcome=body.outcome, note=body.note, raised=raised
    )
    shown = ReceiptOut(number=receipt.number, lookup_code=receipt.lookup_code, status=receipt.status) if receipt else None
    return ConcludedOut(appointment=_appointment(booking, slot), receipt=shown)


@router.post("/appointments/{appointment_id}/contact", openapi_extra={"x-idempotent": False})
async def contact(appointment_id: uuid.UUID, body: PurposeIn, tx: InTx, caller: Unmasker) -> ContactOut:
    """How to reach the visitor; a POST, because reading it leaves a row that says who and what for."""
    sender = await actions.read_contact(tx, appointment_id, caller, body.purpose)
    return ContactOut(name=sender.name, phone=sender.phone)


def _slot(slot: Slot) -> SlotOut:
    return SlotOut.model_validate(slot.model_dump(include=set(SlotOut.model_fields)))


def _booked(booking: Booking, slot: Slot) -> BookedOut:
    return BookedOut(
        **booking.model_dump(include={"number", "state", "cancelled_by", "outcome"}),
        link=slot.link if booking.state == "booked" else None,
        slot=_slot(slot),
    )


def _appointment(booking: Booking, slot: Slot) -> AppointmentOut:
    shown = booking.model_dump(include=set(AppointmentOut.model_fields))
    return AppointmentOut.model_validate({**shown, "topic": mask(booking.topic), "slot": _slot(slot)})
