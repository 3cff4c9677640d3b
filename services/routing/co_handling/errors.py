"""What co-handlers' opinions refuse and hold up, each named by the fact."""

from __future__ import annotations

from shared.errors import Refused


class CoHandlersStillToAnswer(Refused):
    """The lead replies when each co-handler has answered or its time is over; `missing` names those it waits for."""

    shown = ("missing", "current")


class NotACoHandler(Refused):
    """The organisation is not a co-handler of the case."""

    status = 403


class CoOpinionAlreadyGiven(Refused):
    """The co-handler has given its opinion; it gives another when the lead asks for one."""

    shown = ("current",)


class CoOpinionNotGiven(Refused):
    """There is no opinion yet that could be asked for again."""

    shown = ("current",)


class CoOpinionNotFound(Refused):
    """The case has no such co-handler now."""

    status = 404
