"""What meetings refuse, each named by the fact."""

from __future__ import annotations

from shared.errors import Refused


class UnknownMeetingType(Refused):
    """The place's profile has no such type; `known` lists those it has."""

    status = 422
    shown = ("known",)


class MeetingNotFound(Refused):
    """No meeting with this id, or none that the caller may see."""

    status = 404


class MeetingNotYet(Refused):
    """The day of the meeting is still to come; `held_on` is that day."""

    shown = ("held_on",)


class MeetingWasHeld(Refused):
    """The meeting is over: its minutes are closed."""


class UnknownPart(Refused):
    """This type of meeting has no such set part; `known` lists those it has."""

    status = 422
    shown = ("known",)


class PartIsDone(Refused):
    """The part was ticked off."""


class PartIsVoted(Refused):
    """The part is done when the votes on each case are counted; it is not ticked."""


class PartsOpen(Refused):
    """Set parts of the meeting were not done; `parts` lists them."""

    shown = ("parts",)


class NotOnAgenda(Refused):
    """The case is not on the meeting's agenda."""

    status = 422


class UnitNotCalled(Refused):
    """The unit was not called to the meeting; `organisation` is what was sent."""

    status = 422
    shown = ("organisation",)


class UnitNotPresent(Refused):
    """Only a unit that was present promises on the spot."""

    status = 422
    shown = ("organisation",)


class NoVotesHere(Refused):
    """In this type of meeting nobody votes."""


class VotesNotValid(Refused):
    """There are no votes, or they name a level that the scale does not have; `known` lists those it has."""

    status = 422
    shown = ("known",)


class VotesAreCounted(Refused):
    """The votes on this case were counted."""


class NoPromisesHere(Refused):
    """In this type of meeting nothing is promised on the spot."""
