"""What may be refused about contacts and links. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, Refused


class ContactUnknown(NotFound):
    """No such entry in the log, or none that the caller may see."""


class LinkUnknown(NotFound):
    """No such link, or none in the caller's region."""


class PlaceUnknown(NotFound):
    """No region has this code or name."""


class KindUnknown(Refused):
    """The place's profile has no such kind of contact."""

    status = 422
    shown = ("kind",)


class ContactDayNotAccepted(Refused):
    """The day has not come, or is longer ago than entries are taken for."""

    status = 422
    shown = ("days",)


class ContactStruckOutBefore(Refused):
    """The entry was struck out and counts no longer."""


class EntryOfReception(Refused):
    """The entry came from a reception's record and stands and falls with it."""


class LinkNotOfKind(Refused):
    """This kind of link leads to a deputy, or to the people of a region, and never to oneself."""

    status = 422


class AlreadyLinked(Refused):
    """The two are linked in this way."""


class LinkIsOver(Refused):
    """The link has ended, or would end before it began."""


class LinkOfAnother(Refused):
    """The link is not this deputy's, or not in force on that day."""

    status = 422
