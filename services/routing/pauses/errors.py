"""What pauses refuse, each named by the fact."""

from __future__ import annotations

from shared.errors import Refused


class PausesNotGiven(Refused):
    """The place's rules know no pause."""

    shown = ("current",)


class CaseAlreadyPaused(Refused):
    """The clock of the case stands still already."""

    shown = ("current",)


class CaseNotPaused(Refused):
    """The clock of the case runs."""

    shown = ("current",)


class PausesUsedUp(Refused):
    """This hand-over has had as many pauses as the place's rules give."""

    shown = ("times", "current")


class PauseTooLate(Refused):
    """The reply was due already: there is no clock left to stop."""

    shown = ("current",)


class UnknownPauseGround(Refused):
    """A clock is stopped on a ground of the place's rules only."""

    status = 422
    shown = ("known",)
