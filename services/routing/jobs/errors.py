"""What may be refused about bulk jobs. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, Refused


class JobUnknown(NotFound):
    """No such job of the caller's."""


class TooManyCases(Refused):
    """More cases than one job may have."""

    status = 422
    shown = ("most",)


class NoCases(Refused):
    """Nothing fits what was asked for."""

    status = 422


class JobHasNoFile(Refused):
    """It is no export."""

    status = 422


class JobNotReady(Refused):
    """It is still being worked off."""

    shown = ("done", "total")


class JobDeleted(Refused):
    """Its time is over; it can be asked for again."""

    status = 410
