"""Reads of appointments: the public sees free slots, hosts and staff their appointments, without contact data."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, tuple_
from sqlmodel import col

from services.intake import lookup, numbers
from services.intake.appointments.errors import AppointmentUnknown, NotTheHost, SlotUnknown
from services.intake.appointments.models import Booking, Slot
from shared.db import Tx
from shared.identity import Caller


def is_host(caller: Caller, slot: Slot) -> bool:
    """Whether the slot is the caller's own, or the caller is staff of its region."""
    if caller.may("appointment.staff"):
        return caller.sees_region(slot.region)
    own_deputy = slot.deputy_id is not None and slot.deputy_id == caller.deputy_id
    return own_deputy or (slot.organisation is not None and slot.organisation == caller.organisation)


def _hosted(caller: Caller) -> ColumnElement[bool]:
    if caller.may("appointment.staff"):
        return col(Slot.region).startswith(caller.region, autoescape=True)
    # A column compared with nothing would be compared with null, which is no host.
    mine = [col(Slot.deputy_id) == caller.deputy_id] if caller.deputy_id else []
    return or_(*mine, col(Slot.organisation) == (caller.organisation or ""))


async def slot(tx: Tx, slot_id: uuid.UUID, *, lock: bool = False) -> Slot:
    """One slot; with `lock` for writing. Raises SlotUnknown."""
    found = await tx.get(Slot, slot_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise SlotUnknown()
    return found


async def free_slots(
    tx: Tx, deputy_id: uuid.UUID | None, organisation: str | None, since: datetime, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[Slot]:
    """Slots of a host that nobody has booked, in the order of time."""
    taken = select(Booking).where(col(Booking.slot_id) == col(Slot.id), col(Booking.state) != "cancelled").exists()
    free = select(Slot).where(col(Slot.withdrawn_at).is_(None), col(Slot.starts_at) >= since, ~taken)
    free = free.where(col(Slot.deputy_id) == deputy_id) if deputy_id else free.where(col(Slot.organisation) == organisation)
    if after is not None:
        free = free.where(tuple_(col(Slot.starts_at), col(Slot.id)) > tuple_(*after))
    return list(await tx.scalars(free.order_by(col(Slot.starts_at), col(Slot.id)).limit(limit + 1)))


async def booked_by(tx: Tx, number: str, lookup_code: str, *, lock: bool = False) -> tuple[Booking, Slot]:
    """The appointment of whoever has its number and lookup code. Raises AppointmentUnknown, for both reasons alike."""
    wanted = select(Booking).where(col(Booking.number) == numbers.as_number(number))
    found = await tx.scalar(wanted.with_for_update() if lock else wanted)
    if not lookup.opens(found, lookup_code) or found is None:
        raise AppointmentUnknown(where="number")
    return found, await slot(tx, found.slot_id)


async def appointment(tx: Tx, appointment_id: uuid.UUID, caller: Caller, *, lock: bool = False) -> tuple[Booking, Slot]:
    """An appointment that the caller hosts, or of the caller's region. Raises AppointmentUnknown, NotTheHost."""
    found = await tx.get(Booking, appointment_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise AppointmentUnknown()
    offered = await slot(tx, found.slot_id)
    if not is_host(caller, offered):
        raise NotTheHost()
    return found, offered


async def page_of_appointments(tx: Tx, caller: Caller, after: tuple[datetime, uuid.UUID] | None, limit: int) -> list[tuple[Booking, Slot]]:
    """The appointments that the caller hosts, or of the caller's region, the latest first."""
    page = select(Booking, Slot).join(Slot, col(Slot.id) == col(Booking.slot_id)).where(_hosted(caller))
    if after is not None:
        page = page.where(tuple_(col(Slot.starts_at), col(Booking.id)) < tuple_(*after))
    ordered = page.order_by(col(Slot.starts_at).desc(), col(Booking.id).desc()).limit(limit + 1)
    return [(booking, offered) for booking, offered in await tx.execute(ordered)]
