"""What a place decides about appointments: how long they are, and what keeping one counts for."""

from __future__ import annotations

from pydantic import Field

from services.intake.labels import Strict
from shared.events.intake_contacts import Measure


class AppointmentPolicy(Strict):
    """What a place decides about appointments (在线约谈)."""

    slot_minutes: int = Field(ge=5, le=480)
    book_ahead_minutes: int = Field(ge=0, le=14 * 24 * 60, description="how long before it begins a slot can still be booked")
    measures: tuple[Measure, ...] = ()
