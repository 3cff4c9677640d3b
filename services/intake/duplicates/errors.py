"""What may be refused about flags and groups. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, Refused


class FlagUnknown(NotFound):
    """No such flag, or none whose opinions lie in the caller's region."""


class GroupUnknown(NotFound):
    """No such group, or none whose opinions lie in the caller's region."""


class SuspicionUnknown(NotFound):
    """No such suspicion of mass posting in the caller's region."""


class OpinionsUnknown(NotFound):
    """One of these opinions does not exist or lies outside the caller's region."""


class DecidedBefore(Refused):
    """Somebody has decided this flag or suspicion; a decision is not taken twice."""


class InGroupBefore(Refused):
    """One of the opinions is in another group: part it first."""


class TwoAreNeeded(Refused):
    """A group has at least two different opinions, its lead among them."""

    status = 422


class NotInGroup(Refused):
    """The opinion is not, or no longer, in this group."""
