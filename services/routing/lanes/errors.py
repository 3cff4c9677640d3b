"""What may be refused about instant matters and the fast lane. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import Refused


class PlaceHasNoInstantMatters(Refused):
    """The place's profile has no clock for instant matters."""


class PlaceHasNoFastLane(Refused):
    """The place's profile has no fast lane."""


class NotAnInstantMatter(Refused):
    """The case is handled the formal way: it needs a reply with its class and signer."""

    shown = ("lane", "current")


class NotOnFastLane(Refused):
    """The case has no fast lane: it was never put on it, or it was handed over or is handled again since."""

    shown = ("lane", "current")


class StepAlreadyDone(Refused):
    """The step has its evidence."""

    shown = ("current",)


class EffectBeforeReply(Refused):
    """The effect comes after the reply."""

    shown = ("state", "current")


class PlanAfterReply(Refused):
    """The plan comes before the reply."""

    shown = ("state", "current")
