"""What may be refused about personal data. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, Refused


class MatterUnknown(NotFound):
    """No matter with this id in the caller's reach, or none with this number and lookup code. Unknown and wrong answer alike."""


class PurposeUnknown(Refused):
    """The place's profile has no such purpose."""

    status = 422
    shown = ("purpose",)


class GroundNotListed(Refused):
    """The place's profile has no such ground."""

    status = 422
    shown = ("ground",)


class NoContactKept(NotFound):
    """The matter came without contact data."""


class ContactErased(Refused):
    """The key was destroyed: nobody can read these data any more."""

    status = 410


class MatterOnHold(Refused):
    """The law asks to keep the data for now: nothing is erased before the hold is lifted."""

    shown = ("ground",)


class NotOnHold(Refused):
    """No hold stands on this matter."""


class MatterStillOpen(Refused):
    """It is under way and needs its contact data: it is cancelled, withdrawn or concluded first."""

    shown = ("kind",)
