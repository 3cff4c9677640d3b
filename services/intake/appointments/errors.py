"""What may be refused about appointments. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, NotPermitted, Refused


class SlotUnknown(NotFound):
    """No such slot."""


class AppointmentUnknown(NotFound):
    """No appointment with this number and lookup code, or none of the caller's. Unknown and wrong answer alike."""


class SlotInPast(Refused):
    """Slots are offered for the future."""

    status = 422


class SlotsOverlap(Refused):
    """The host has another slot in that time: nobody is in two places at once."""

    shown = ("starts_at",)


class SlotTaken(Refused):
    """Somebody else booked it first."""


class SlotNotBookable(Refused):
    """The slot was withdrawn, or it is too late to book it."""

    status = 410


class HostUnclear(Refused):
    """A slot has one host: a deputy or the caller's organisation."""

    status = 422


class NotTheHost(NotPermitted):
    """Only the host, or staff of the region, deal with this slot."""


class MeetingPlaceMissing(Refused):
    """On site needs a station, online needs a link."""

    status = 422


class AppointmentIsOver(Refused):
    """The appointment was cancelled or its outcome recorded."""

    shown = ("state",)


class AppointmentNotBegun(Refused):
    """The outcome is recorded once it has begun."""


class AppointmentHasBegun(Refused):
    """It has begun: it can no longer be cancelled."""


class NothingWasHeld(Refused):
    """A matter can only come out of an appointment that was held."""

    status = 422
