"""What may be refused about an opinion on its way. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotPermitted, Refused


class OpinionIsAnswered(Refused):
    """It has its reply: `status` says where it stands."""

    shown = ("status",)


class OpinionIsOver(Refused):
    """It is closed, taken back, or settled by a deputy's answer: `status`."""

    shown = ("status",)


class NotInThisStatus(Refused):
    """The place allows it in other statuses: `allowed`."""

    shown = ("status", "allowed")


class TooManySupplements(Refused):
    """An opinion is added to `most` times."""

    shown = ("most",)


class NotYourOpinion(NotPermitted):
    """It came neither by the deputy's own code nor by a station that the deputy leads."""


class RepAnswerTooLate(Refused):
    """The hours in which a deputy may answer alone ended at `until`; the unit answers."""

    shown = ("until",)


class RepHasAnswered(Refused):
    """A deputy has answered; an answer is never replaced."""


class NoRepAnswer(Refused):
    """There is no deputy's answer to judge."""


class RepAnswerIsJudged(Refused):
    """The sender has said what they think of the answer."""
