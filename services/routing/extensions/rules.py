"""Pure decisions on extensions: how long one may be."""

from __future__ import annotations

from shared.workdays import Clock, Unit

_DAYS: dict[Unit, float] = {"day": 1, "workday": 7 / 5, "month": 31}


def is_within(n: int, unit: Unit, most: Clock) -> bool:
    """Whether so much more time is no more than `most`: counted in its unit, or in calendar days where the units differ.

    A month counts as 31 days: who asks in another unit than the rules' is not refused for the length of a February.
    """
    return n <= most.n if unit == most.unit else n * _DAYS[unit] <= most.n * _DAYS[most.unit]
