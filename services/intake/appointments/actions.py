"""The verbs on appointments: each changes rows and emits the event in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from services.intake import actions as opinions
from services.intake import lookup
from services.intake.appointments import queries, rules
from services.intake.appointments.errors import HostUnclear, NotTheHost, SlotsOverlap, SlotTaken
from services.intake.appointments.models import Booking, Slot
from services.intake.appointments.settings import AppointmentPolicy
from services.intake.civil import day_of
from services.intake.contacts.actions import log_meeting
from services.intake.disclosing import disclose, unsealed
from services.intake.places import active_deputies, open_station
from services.intake.sealing import read_master_key, seal_fields
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake_appointments import AppointmentBooked, AppointmentCancelled, AppointmentConcluded, AppointmentOutcome
from shared.events.intake_receptions import MeetingChannel
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.masking import mask
from shared.outbox import emit

_BOOKINGS = cast(Table, Booking.__table__)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Where:
    """How a slot is held."""

    channel: MeetingChannel
    station_id: uuid.UUID | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Raised:
    """A matter that came out of an appointment."""

    title: str
    text: str
    category: str | None = None


async def offer(tx: Tx, caller: Caller, deputy_id: uuid.UUID | None, starts: Sequence[datetime], where: Where) -> list[Slot]:
    """Offers slots, all or none: a deputy the own ones, staff for a deputy of their region, a unit for itself.

    Raises HostUnclear, NotTheHost, DeputyUnknown, MandateNotActive, StationUnknown, SlotInPast, MeetingPlaceMissing, SlotsOverlap.
    """
    policy: AppointmentPolicy = tx.policy.appointments
    moment = now()
    first = min(starts)
    organisation = None if deputy_id else caller.organisation
    region = await _host_region(tx, caller, deputy_id, first)
    if where.station_id is not None:
        region = (await open_station(tx, caller, where.station_id)).region
    made = []
    for starts_at in sorted(set(starts)):
        rules.check_offer(starts_at, moment, where.channel, station=where.station_id is not None, link=where.link is not None)
        slot = Slot(
            id=new_id(),
            site=tx.site,
            host=str(deputy_id or organisation),
            deputy_id=deputy_id,
            organisation=organisation,
            region=region,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=policy.slot_minutes),
            channel=where.channel,
            station_id=where.station_id,
            link=where.link,
            offered_by=caller.account_id,
            offered_at=moment,
        )
        inserting = insert(Slot).values(slot.model_dump()).on_conflict_do_nothing().returning(col(Slot.id))
        if await tx.scalar(inserting) is None:
            raise SlotsOverlap(starts_at=starts_at.isoformat(), where="starts")
        made.append(slot)
    return made


async def _host_region(tx: Tx, caller: Caller, deputy_id: uuid.UUID | None, first: datetime) -> str:
    if deputy_id is None:
        if caller.role != "department" or caller.organisation is None:
            raise HostUnclear(where="deputy_id")
        return caller.region
    [deputy] = await active_deputies(tx, [deputy_id], day_of(first))
    if deputy_id != caller.deputy_id and not (caller.may("appointment.staff") and caller.sees_region(deputy.region)):
        raise NotTheHost()
    return deputy.region


async def withdraw(tx: Tx, slot_id: uuid.UUID, caller: Caller) -> Slot:
    """Takes a slot back before it begins; who had booked it sees that the host cancelled.

    Raises SlotUnknown, NotTheHost, AppointmentHasBegun.
    """
    slot = await queries.slot(tx, slot_id, lock=True)
    if not queries.is_host(caller, slot):
        raise NotTheHost()
    rules.check_cancellable("booked", slot.starts_at, now())
    slot.withdrawn_at = slot.withdrawn_at or now()
    standing = select(Booking).where(col(Booking.slot_id) == slot_id, col(Booking.state) == "booked").with_for_update()
    if (booking := await tx.scalar(standing)) is not None:
        _cancel(tx, booking, slot, "host")
    return slot


async def book(tx: Tx, slot_id: uuid.UUID, topic: str, sender: opinions.Sender) -> tuple[lookup.Slip, Slot]:
    """Books a slot for whoever comes first. Raises SlotUnknown, SlotNotBookable, SlotTaken."""
    slot = await tx.scalar(select(Slot).where(col(Slot.id) == slot_id).with_for_update(read=True))
    if slot is None:
        slot = await queries.slot(tx, slot_id)
    moment = now()
    rules.check_bookable(slot, moment, tx.policy.appointments.book_ahead_minutes)
    booking_id = new_id()
    master = read_master_key(tx.settings.master_key.get_secret_value())
    wrapped, boxes = seal_fields(booking_id, master, {"name": sender.name, "phone": sender.phone})
    row = {
        "id": booking_id,
        "slot_id": slot_id,
        "topic": topic,
        "key_wrapped": wrapped,
        "name_box": boxes["name"],
        "phone_box": boxes["phone"],
        "state": "booked",
        "version": 1,
        "booked_at": moment,
    }
    try:
        async with tx.begin_nested():
            slip = await lookup.insert_numbered(tx, _BOOKINGS, row)
    except IntegrityError as error:
        # `no_double_booking`: two who book at once are told apart by the index, not by a look before.
        raise SlotTaken() from error
    emit(
        tx,
        AppointmentBooked(
            appointment_id=booking_id,
            slot_id=slot_id,
            deputy_id=slot.deputy_id,
            organisation=slot.organisation,
            region=slot.region,
            starts_at=slot.starts_at,
            channel=cast(MeetingChannel, slot.channel),
        ),
    )
    live(tx, "appointment", str(booking_id))
    return slip, slot


async def give_back(tx: Tx, number: str, lookup_code: str) -> tuple[Booking, Slot]:
    """The visitor gives a slot back before it begins; it can be booked again. Raises AppointmentUnknown and what the rules raise."""
    booking, slot = await queries.booked_by(tx, number, lookup_code, lock=True)
    rules.check_cancellable(booking.state, slot.starts_at, now())
    _cancel(tx, booking, slot, "visitor")
    return booking, slot


async def conclude(
    tx: Tx, appointment_id: uuid.UUID, caller: Caller, version: int, *, outcome: AppointmentOutcome, note: str | None, raised: Raised | None
) -> tuple[Booking, Slot, opinions.Receipt | None]:
    """Records the outcome; a matter that came out of it becomes an opinion under the deputy, with the visitor's sealed contact.

    Raises AppointmentUnknown, NotTheHost, StaleVersion, AppointmentIsOver, AppointmentNotBegun, NothingWasHeld.
    """
    booking, slot = await queries.appointment(tx, appointment_id, caller, lock=True)
    check_version(booking.version, version)
    rules.check_outcome(booking.state, slot.starts_at, now(), outcome, matter=raised is not None)
    receipt = await _take(tx, booking, slot, raised) if raised else None
    booking.state, booking.outcome, booking.note = "concluded", outcome, mask(note) if note else None
    booking.opinion_id = receipt.opinion_id if receipt else None
    booking.concluded_at, booking.version = now(), booking.version + 1
    on, channel = day_of(slot.starts_at), cast(MeetingChannel, slot.channel)
    if outcome == "held" and slot.deputy_id is not None:
        measures = tx.policy.appointments.measures
        await log_meeting(tx, caller, booking.id, slot.deputy_id, measures, "appointment", on, channel, 1, slot.region)
    emit(
        tx,
        AppointmentConcluded(
            appointment_id=booking.id, deputy_id=slot.deputy_id, organisation=slot.organisation, outcome=outcome, on=on, channel=channel
        ),
    )
    live(tx, "appointment", str(booking.id))
    return booking, slot, receipt


async def read_contact(tx: Tx, appointment_id: uuid.UUID, caller: Caller, purpose: str) -> opinions.Sender:
    """How to reach the visitor, for the host or staff; who read it and what for is kept. Raises AppointmentUnknown, NotTheHost."""
    booking, _ = await queries.appointment(tx, appointment_id, caller)
    return await disclose(tx, booking, caller, purpose)


async def _take(tx: Tx, booking: Booking, slot: Slot, raised: Raised) -> opinions.Receipt:
    target = slot.deputy_id or slot.station_id or booking.id
    origin = opinions.Origin("deputy" if slot.deputy_id else "station", booking.id, target, slot.region)
    return await opinions.take_in(tx, origin, raised.title, raised.text, chosen=raised.category, sender=unsealed(tx, booking))


def _cancel(tx: Tx, booking: Booking, slot: Slot, by: str) -> None:
    booking.state, booking.cancelled_by = "cancelled", by
    booking.version += 1
    emit(
        tx,
        AppointmentCancelled(
            appointment_id=booking.id,
            slot_id=slot.id,
            deputy_id=slot.deputy_id,
            organisation=slot.organisation,
            by="host" if by == "host" else "visitor",
        ),
    )
    live(tx, "appointment", str(booking.id))
