"""Shares that add up: percentages by the largest-remainder method (domain handbook, principle 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal


def largest_remainder(counts: Mapping[str, int] | Sequence[int], decimals: int = 1) -> list[Decimal]:
    """The percentage of each count, in the order given, at `decimals` places: together exactly 100, or all 0 when nothing was counted.

    Each share is rounded down; the units still missing go to the largest remainders, to the earlier one of equals.
    Whole numbers throughout, so no share depends on floating point. Raises ValueError for a negative count or place.
    """
    numbers = list(counts.values() if isinstance(counts, Mapping) else counts)
    if decimals < 0 or any(number < 0 for number in numbers):
        raise ValueError("counts and decimals are 0 or more")
    total, whole = sum(numbers), 100 * 10**decimals
    units = [0] * len(numbers)
    if total:
        units = [number * whole // total for number in numbers]
        by_remainder = sorted(range(len(numbers)), key=lambda i: -(numbers[i] * whole % total))
        for i in by_remainder[: whole - sum(units)]:
            units[i] += 1
    return [Decimal(unit).scaleb(-decimals) for unit in units]
