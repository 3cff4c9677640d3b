"""What may be refused about pre-assignments. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import Refused


class PlaceDoesNotPreAssign(Refused):
    """The place's profile knows no pre-assignment."""


class CaseAlreadyHandedOver(Refused):
    """Pre-assignment comes before the hand-over."""

    shown = ("state", "current")


class PreAssignmentNotFound(Refused):
    """No pre-assignment with this id, or none that the caller may see."""

    status = 404


class PreAssignmentNotOpen(Refused):
    """It was answered before, or is over; `answer` is how it stands."""

    shown = ("answer",)


class PreAssignmentNotConfirmed(Refused):
    """The lead has not confirmed, or somebody objected; `open` names the units."""

    shown = ("open", "current")
