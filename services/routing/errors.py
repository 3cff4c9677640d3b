"""What routing refuses, each named by the fact. Refusals by state carry the case's `state` and `current` version."""

from __future__ import annotations

from shared.errors import Refused

_STATE = ("state", "current")


class CaseNotFound(Refused):
    """No case with this id, or none that the caller may see: both answer alike."""

    status = 404


class CaseNotAssigned(Refused):
    """No department has the case yet."""

    shown = _STATE


class CaseNotAccepted(Refused):
    """The lead has not taken the case on."""

    shown = _STATE


class CaseAlreadyAccepted(Refused):
    """The lead has taken the case on and keeps it."""

    shown = _STATE


class CaseUnderObjection(Refused):
    """The department objected and the desk has not decided."""

    shown = _STATE


class CaseAlreadyReplied(Refused):
    """The round has its reply and waits for the resident's rating."""

    shown = _STATE


class CaseAlreadyClosed(Refused):
    """A rating closed the case, or it was filed for reference."""

    shown = _STATE


class CaseWasWithdrawn(Refused):
    """Its sender took the matter back, or is content with a deputy's answer."""

    shown = _STATE


class ObjectionTooLate(Refused):
    """The time to object to the hand-over has passed; `until` is when it ended."""

    shown = ("until",)


class ObjectionAlreadyDecided(Refused):
    """The desk has upheld this hand-over: the department goes on and may not object to it again (青岛 19)."""

    shown = _STATE


class NotTheLead(Refused):
    """Only the lead department (主办) may do this; a co-handler (协办) may read."""

    status = 403


class UnknownOrganisation(Refused):
    """No active organisation has this id; `organisation` is what was sent."""

    status = 422
    shown = ("organisation",)


class LeadIsCoHandler(Refused):
    """One organisation was named as lead and as co-handler."""

    status = 422


class UnknownCategory(Refused):
    """The place's profile has no such category; `known` lists those it has."""

    status = 422
    shown = ("known",)


class UnknownResultClass(Refused):
    """The place's profile has no such class; `known` lists those it has."""

    status = 422
    shown = ("known",)


class SearchTooShort(Refused):
    """The search text has no two characters in a row to look for."""

    status = 422


class CaseIsJoined(Refused):
    """The case is handled together with another one, its `head`: what is done with that is done with it."""

    shown = ("head", "current")


class CaseHandledTogether(Refused):
    """The case is the head of others or handled with one; this is for a case by itself."""

    shown = ("current",)


class PartsNotAnswered(Refused):
    """Parts that were split off this case have not answered; `open` lists their numbers."""

    shown = ("open",)


class PlanMissing(Refused):
    """On the fast lane the plan comes before the reply."""
