"""Shares by largest remainder: the handbook's golden numbers (domain, section 11) and what holds for any counts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.shares import largest_remainder


def _decimals(*shares: str) -> list[Decimal]:
    return [Decimal(share) for share in shares]


@pytest.mark.parametrize(
    ("counts", "decimals", "shares"),
    [
        ([286, 52, 3], 2, _decimals("83.87", "15.25", "0.88")),  # G1
        ([131, 49, 1], 1, _decimals("72.4", "27.1", "0.5")),  # G2: plain rounding gives 0.6 and a sum of 100.1
        ([712, 913 - 712], 1, _decimals("78.0", "22.0")),  # G3
        ([4965, 5732 - 4965], 1, _decimals("86.6", "13.4")),  # G4
        ([286, 52, 3], 0, _decimals("84", "15", "1")),  # G11
        ([131, 49, 1], 0, _decimals("72", "27", "1")),  # G11
        ([1, 1, 1], 1, _decimals("33.4", "33.3", "33.3")),
        ([0, 5, 0], 1, _decimals("0.0", "100.0", "0.0")),
    ],
)
def test_golden_shares(counts: list[int], decimals: int, shares: list[Decimal]) -> None:
    assert largest_remainder(counts, decimals) == shares


def test_a_share_is_written_with_all_its_places() -> None:
    assert [str(share) for share in largest_remainder({"A": 1, "B": 1}, 1)] == ["50.0", "50.0"]


def test_nothing_counted_gives_zeros_and_no_counts_give_no_shares() -> None:
    assert largest_remainder({"A": 0, "B": 0}) == _decimals("0", "0")
    assert largest_remainder([]) == []


def test_a_negative_count_is_a_defect() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        largest_remainder([3, -1])


@given(counts=st.lists(st.integers(0, 10**12), min_size=1, max_size=12), decimals=st.integers(0, 4))
def test_shares_add_up_to_100_and_each_is_less_than_a_unit_from_exact(counts: list[int], decimals: int) -> None:
    shares, total = largest_remainder(counts, decimals), sum(counts)
    assert sum(shares) == (100 if total else 0)
    for count, share in zip(counts, shares, strict=True):
        assert abs(int(share.scaleb(decimals)) * total - count * 100 * 10**decimals) < max(total, 1)
