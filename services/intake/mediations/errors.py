"""What may be refused about mediation. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, Refused


class MediationUnknown(NotFound):
    """No such case, or none that the caller may see."""


class PartyUnknown(NotFound):
    """No such party to this case."""


class KindUnknown(Refused):
    """The place's profile has no such kind of dispute, or no such source."""

    status = 422
    shown = ("kind",)


class PartiesMissing(Refused):
    """A dispute has a party on either side."""

    status = 422


class MediatorUnclear(Refused):
    """A mediator is a deputy or an invited person: one of the two."""

    status = 422


class MediatorInterested(Refused):
    """Nobody mediates in a matter of their own (代表法 59)."""

    status = 422


class MediatorAppointedBefore(Refused):
    """The mediator was appointed to this case."""


class AgreedBefore(Refused):
    """The party agreed to mediation before."""


class MediationIsOver(Refused):
    """The case was concluded."""

    shown = ("outcome",)


class NotAllAgreed(Refused):
    """Mediation is voluntary: each party agrees first."""


class NoMediatorYet(Refused):
    """A session needs a mediator."""


class NoSessionYet(Refused):
    """Only after a session is it known whether mediation succeeded."""


class SessionInFuture(Refused):
    """A session is entered on its day or after."""

    status = 422
