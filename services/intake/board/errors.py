"""What may be refused about the public board. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, Refused


class NotOnTheBoard(NotFound):
    """The board has no such opinion, or no longer."""


class PublicationNotAgreed(Refused):
    """Its sender has not agreed to publication, or has taken the agreement back."""


class PublicationIsDecided(Refused):
    """The desk has decided: `state`."""

    shown = ("state",)


class NoReplyToPublish(Refused):
    """The round has no reply."""


class ReplyIsPublished(Refused):
    """The reply of this round is on the board and stays as it was appraised."""


class ReplyNotPublished(Refused):
    """Only a published reply is appraised."""


class AlreadyAppraised(Refused):
    """This account or device has appraised the reply; an appraisal is never replaced."""


class VoterUnknown(Refused):
    """Neither an account nor a device says who votes."""

    status = 422


class LevelUnknown(Refused):
    """The place has no such level."""

    status = 422
    shown = ("known",)
