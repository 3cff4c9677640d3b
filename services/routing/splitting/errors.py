"""What may be refused about splitting a matter. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import Refused


class CannotSplitNow(Refused):
    """A case is split before its lead has accepted it."""

    shown = ("state", "current")


class PartCannotBeSplit(Refused):
    """Only the first case of a matter is split."""

    shown = ("current",)


class DepartmentHasPart(Refused):
    """The department leads the case or another part of it; `organisation` is what was sent."""

    status = 422
    shown = ("organisation",)


class NotAPart(Refused):
    """The case was not split off another one."""

    shown = ("current",)
