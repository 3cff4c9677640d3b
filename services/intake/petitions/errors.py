"""What may be refused about petitions. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, NotPermitted, Refused


class PetitionUnknown(NotFound):
    """No petition with this number and lookup code, or none that the caller may see. Unknown and wrong answer alike."""


class TransferUnknown(NotFound):
    """No such transfer of this petition."""


class NotYourPetition(NotPermitted):
    """Its deputy acts in it, or staff of the region for the deputy."""


class ConsentMissing(Refused):
    """The petitioner has not consented: nothing may be done (个人信息保护法 13)."""


class ConsentGivenBefore(Refused):
    """The petitioner consented before."""


class PetitionIsClosed(Refused):
    """The loop is closed."""

    shown = ("end",)


class OrganisationUnknown(Refused):
    """No organisation with this id has been told by directory."""

    status = 422
    shown = ("organisation",)


class AnsweredBefore(Refused):
    """The answer to this transfer was recorded."""


class LoopOpen(Refused):
    """Of the transfers `unanswered` have no answer yet, or none was made."""

    shown = ("unanswered",)


class AlreadyTransferred(Refused):
    """It was passed on: it can be withdrawn or answered, not declined."""


class GroundUnknown(Refused):
    """The place's profile has no such ground."""

    status = 422
    shown = ("ground",)
