"""What may be refused about projects. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, NotPermitted, Refused


class ProjectUnknown(NotFound):
    """No such project, or none in the caller's region."""


class BoardUnknown(Refused):
    """The place's profile has no such board."""

    status = 422
    shown = ("board",)


class ActKindUnknown(Refused):
    """The place's profile has no such kind of act."""

    status = 422
    shown = ("kind",)


class OwnerUnknown(Refused):
    """The owner is no active organisation of this site."""

    status = 422
    shown = ("owner",)


class RegionOutOfReach(NotPermitted):
    """The project lies in a region that the account is not in charge of."""


class NotTheOwner(NotPermitted):
    """Only the owner organisation completes stages."""


class PlanOutOfOrder(Refused):
    """The planned days do not follow the order of the stages."""

    status = 422
    shown = ("stage",)


class CompletionOutOfOrder(Refused):
    """The stage would be completed before the one it follows."""

    status = 422
    shown = ("stage",)


class CompletionInFuture(Refused):
    """A stage can only be completed on a day that has come."""

    status = 422


class StageAlreadyCompleted(Refused):
    """The stage is complete since `completed_on`."""

    shown = ("stage", "completed_on")


class EarlierStageOpen(Refused):
    """A stage before it, `open_stage`, is not complete."""

    shown = ("stage", "open_stage")


class NoMandate(NotPermitted):
    """The account belongs to no deputy whom directory has told of."""


class MandateNotActive(Refused):
    """The mandate is suspended, over or has not begun (代表法 61-62)."""


class ActAlreadyLogged(Refused):
    """The deputy has logged this kind of act on this project today."""

    shown = ("day",)
