"""Pure decisions on appointments: what may be booked, cancelled and concluded, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from services.intake.appointments.errors import (
    AppointmentHasBegun,
    AppointmentIsOver,
    AppointmentNotBegun,
    MeetingPlaceMissing,
    NothingWasHeld,
    SlotInPast,
    SlotNotBookable,
)
from shared.events.intake_appointments import AppointmentOutcome
from shared.events.intake_receptions import MeetingChannel


class Offered(Protocol):
    """What the rules look at in a slot."""

    starts_at: datetime
    withdrawn_at: datetime | None


def check_offer(starts_at: datetime, moment: datetime, channel: MeetingChannel, *, station: bool, link: bool) -> None:
    """Passes for a slot to come with a place to meet. Raises SlotInPast, MeetingPlaceMissing."""
    if starts_at <= moment:
        raise SlotInPast(where="starts")
    if (channel == "onsite") != station or (channel == "online") != link:
        raise MeetingPlaceMissing(where="station_id" if channel == "onsite" else "link")


def check_bookable(slot: Offered, moment: datetime, ahead_minutes: int) -> None:
    """Passes while a slot can be booked. Raises SlotNotBookable."""
    if slot.withdrawn_at is not None or slot.starts_at < moment + timedelta(minutes=ahead_minutes):
        raise SlotNotBookable()


def check_cancellable(state: str, starts_at: datetime, moment: datetime) -> None:
    """Passes before a booked appointment begins. Raises AppointmentIsOver, AppointmentHasBegun."""
    if state != "booked":
        raise AppointmentIsOver(state=state)
    if starts_at <= moment:
        raise AppointmentHasBegun()


def check_outcome(state: str, starts_at: datetime, moment: datetime, outcome: AppointmentOutcome, *, matter: bool) -> None:
    """Passes once a booked appointment has begun. Raises AppointmentIsOver, AppointmentNotBegun, NothingWasHeld."""
    if state != "booked":
        raise AppointmentIsOver(state=state)
    if moment < starts_at:
        raise AppointmentNotBegun()
    if matter and outcome != "held":
        raise NothingWasHeld(where="matter")
