"""What the supervision of cases refuses, each named by the fact."""

from __future__ import annotations

from shared.errors import Refused


class DecisionMissing(Refused):
    """A case is made a key one, or ceases to be one, by a decision of the chairpersons' council with its number (代表法 52)."""

    status = 422


class DecisionNotYet(Refused):
    """The decision has a day that is still to come."""

    status = 422


class UnknownGround(Refused):
    """The place's profile has no such ground; `known` lists those it has."""

    status = 422
    shown = ("known",)


class UnknownKind(Refused):
    """The place's profile has no such kind of leader or supervisor, or no such role; `known` lists those it has."""

    status = 422
    shown = ("known",)


class NotOneToOne(Refused):
    """Here a key case has exactly one leader and exactly one supervisor (132: 一对一重点督办)."""

    status = 422


class AlreadyKeyCase(Refused):
    """The case is a key one; `decision` is the number under which it became one."""

    shown = ("decision", "current")


class NotKeyCase(Refused):
    """The case is no key one."""

    shown = ("current",)


class AlreadySupervising(Refused):
    """The body supervises the case already."""

    shown = ("organisation", "current")


class NotSupervising(Refused):
    """Nobody who supervises the case has this id, or they do no more."""

    status = 404


class NobodyToPush(Refused):
    """No department has the case, or it was withdrawn."""

    shown = ("state",)


class CasesNotFound(Refused):
    """Some of the cases listed are not there, or out of the caller's region; `missing` lists up to ten of them."""

    status = 422
    shown = ("missing",)
