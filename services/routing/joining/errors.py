"""What may be refused about handling cases together. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import Refused


class CannotJoin(Refused):
    """The case cannot be handled together with the head as both stand now; `why` says what does not fit: state, lane, head or part."""

    shown = ("why", "state", "current")


class NotJoined(Refused):
    """The case is not handled together with another one as its head."""

    shown = ("current",)
