"""What intake refuses, each named by the fact."""

from __future__ import annotations

from shared.errors import Refused


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
