"""What second appraisals refuse, each named by the fact. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import Refused


class PlaceHasNoSecondAppraisal(Refused):
    """The place's profile has no second appraisal."""


class NothingToAppraise(Refused):
    """A second appraisal is of a case that was replied to and is closed; a part of a split matter is appraised with its first."""

    shown = ("state", "current")


class AppraisalIsRunning(Refused):
    """The case has a second appraisal that has not ended."""

    shown = ("current",)


class TooFewSeats(Refused):
    """The group has fewer seats than the profile asks for; `least` is how many."""

    status = 422
    shown = ("least",)


class SeatTwice(Refused):
    """A deputy was named twice: each votes once."""

    status = 422


class AppraisalNotFound(Refused):
    """No second appraisal with this id, or none that the caller may see or has a seat in: all answer alike."""

    status = 404


class SeatNotFound(Refused):
    """The group has no invited voter's seat of this number; deputies vote themselves."""

    status = 404


class AlreadyVoted(Refused):
    """The seat has voted; a vote is not changed."""

    shown = ("seat",)


class AppraisalHasEnded(Refused):
    """The second appraisal has its outcome; `state` is which."""

    shown = ("state",)


class VotesMissing(Refused):
    """Fewer seats have voted than the quorum asks for: `votes` of the `needed`."""

    shown = ("votes", "needed", "current")
