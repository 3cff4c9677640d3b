"""What may be refused about figures and exports. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, Refused


class WindowUpsideDown(Refused):
    """The window ends before it begins."""

    status = 422


class ExportPurposeUnknown(Refused):
    """The place's profile has no such purpose of an export."""

    status = 422
    shown = ("purpose",)


class ExportTooLarge(Refused):
    """More rows than the place lets out at once."""

    status = 422
    shown = ("rows", "most_rows")


class ExportUnknown(NotFound):
    """No such export of the caller's."""


class ExportNotReady(Refused):
    """It is still being written."""

    shown = ("done", "total")


class ExportDeleted(Refused):
    """Its time is over; it can be asked for again."""

    status = 410
