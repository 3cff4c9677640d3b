"""What extensions refuse, each named by the fact."""

from __future__ import annotations

from shared.errors import Refused


class ExtensionsNotGiven(Refused):
    """The place's rules know no extension."""

    shown = ("current",)


class ExtensionTooLate(Refused):
    """An extension is asked and agreed to before the reply is due; `due_at` says when that was."""

    shown = ("due_at", "current")


class ExtensionTooLong(Refused):
    """More than the place's rules give (`most`), or past the longest time that the law leaves (代表法 51)."""

    shown = ("most", "current")


class ExtensionAlreadyAsked(Refused):
    """An extension was asked for and is not decided yet."""

    shown = ("current",)


class ExtensionsUsedUp(Refused):
    """This hand-over has had as many extensions as the place's rules give."""

    shown = ("times", "current")


class NoExtensionAsked(Refused):
    """There is no request to decide on."""

    shown = ("current",)


class UnknownConsent(Refused):
    """Whose consent it was must be one of those that the place's rules name."""

    status = 422
    shown = ("known",)
