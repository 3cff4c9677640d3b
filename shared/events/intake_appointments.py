"""Facts that intake tells of appointments (在线约谈) with deputies and units. Who booked stays in intake."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import ClassVar, Literal

from shared.events.base import Event
from shared.events.intake_receptions import MeetingChannel

AppointmentOutcome = Literal["held", "visitor_missing", "host_missing"]


class AppointmentBooked(Event):
    """Somebody booked a slot. The host is a deputy or an organisation, never both."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "appointment_id"

    appointment_id: uuid.UUID
    slot_id: uuid.UUID
    deputy_id: uuid.UUID | None
    organisation: str | None
    region: str
    starts_at: datetime
    channel: MeetingChannel


class AppointmentCancelled(Event):
    """A booked appointment will not be held: the visitor gave the slot back, or the host withdrew it."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "appointment_id"

    appointment_id: uuid.UUID
    slot_id: uuid.UUID
    deputy_id: uuid.UUID | None
    organisation: str | None
    by: Literal["visitor", "host"]


class AppointmentConcluded(Event):
    """The outcome of an appointment was recorded."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "appointment_id"

    appointment_id: uuid.UUID
    deputy_id: uuid.UUID | None
    organisation: str | None
    outcome: AppointmentOutcome
    on: date
    channel: MeetingChannel
