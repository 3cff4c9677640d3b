"""What intake refuses, each named by the fact."""

from __future__ import annotations

from shared.errors import NotPermitted, Refused


class CodeRevoked(Refused):
    """The scanned code was genuine once and is valid no longer."""

    status = 410


class OpinionNotFound(Refused):
    """No opinion with this number and lookup code. Unknown numbers and wrong codes answer alike."""

    status = 404


class NothingToRate(Refused):
    """The current round has no reply yet, or the matter is closed."""

    status = 409


class AlreadyRated(Refused):
    """The reply of this round was rated before; a rating is never replaced."""

    status = 409


class LabelSetUnknown(Refused):
    """The place does not tell progress in steps of this name; `known` lists those it has beside its own."""

    status = 422
    shown = ("known",)


class RegionOutOfReach(NotPermitted):
    """The thing lies in a region that the account is not in charge of."""


class StationUnknown(Refused):
    """No open station with this id has been told by directory."""

    status = 422


class DeputyUnknown(Refused):
    """No deputy with this id has been told by directory."""

    status = 422
    shown = ("deputy_id",)


class MandateNotActive(Refused):
    """The mandate is suspended, over or has not begun on that day (代表法 61-62)."""

    shown = ("deputy_id",)


class NotADeputy(NotPermitted):
    """The account belongs to no deputy whom directory has told of."""
