"""What look-backs refuse, each named by the fact."""

from __future__ import annotations

from shared.errors import Refused


class LookBackNotFound(Refused):
    """No look-back with this id, or none in the caller's region, or no such item in it."""

    status = 404


class LookBackFilling(Refused):
    """Its items are still being gathered."""


class LookBackIsClosed(Refused):
    """The look-back is over."""


class LookedInFuture(Refused):
    """Nobody can have looked at it yet."""

    status = 422


class OnlyUndoneIsSupervised(Refused):
    """A case is supervised again when it was found not done; one with another finding is not."""

    status = 422


class NotReplied(Refused):
    """The case was withdrawn or has had no reply: there is nothing to supervise again."""

    shown = ("state", "current")
