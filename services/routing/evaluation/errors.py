"""What evaluation refuses, each named by the fact. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import Refused


class NotTheLeadDeputy(Refused):
    """Only the deputy who led the suggestion (领衔代表) rates its reply; those who signed with it may comment."""

    status = 403


class OpinionFormNotSent(Refused):
    """No reply of the case has this round's opinion form: it was not replied to, or it is not a suggestion's."""

    status = 404


class OpinionFormEnded(Refused):
    """The form's deadline has passed, or the case was over; `state` says which. What comes now is not counted."""

    shown = ("state", "current")


class ChannelNotAsked(Refused):
    """The place does not ask for ratings by this channel; `asked` lists those it does."""

    shown = ("asked", "current")


class AlreadyRated(Refused):
    """The round has its rating by this channel; `channel` names it."""

    shown = ("channel", "current")


class NothingToComment(Refused):
    """The case has no reply yet."""

    shown = ("state", "current")
