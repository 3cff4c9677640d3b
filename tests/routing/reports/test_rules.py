"""Shares and rates of the reports: largest remainder, fixed denominators, decimals as a parameter."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.reports import rules
from services.routing.settings import RoutingPolicy
from shared.profile import load
from shared.settings import ROOT

NATIONAL = load(ROOT / "deploy" / "profiles" / "national.yaml", "routing", RoutingPolicy)
COUNTING = NATIONAL.ratings.model_copy(update={"not_returned": "counted"})


def shares(counts: dict[str, int], decimals: int) -> list[str]:
    return [str(p.share) for p in rules.class_shares(counts, NATIONAL.result_classes, decimals).items if p.count]


@pytest.mark.parametrize(
    ("counts", "decimals", "expected"),
    [
        ({"A": 286, "B": 52, "C": 3}, 2, ["83.87", "15.25", "0.88"]),  # G1
        ({"A": 131, "B": 49, "C": 1}, 1, ["72.4", "27.1", "0.5"]),  # G2
        ({"A": 286, "B": 52, "C": 3}, 0, ["84", "15", "1"]),  # G11
        ({"A": 131, "B": 49, "C": 1}, 0, ["72", "27", "1"]),  # G11
        ({"A": 64, "B": 38, "C": 21, "D": 5}, 1, ["50.0", "29.7", "16.4", "3.9"]),  # G8
    ],
)
def test_golden_class_shares(counts, decimals, expected):
    assert shares(counts, decimals) == expected


def test_a_class_of_an_earlier_profile_is_still_shown_by_its_code():
    found = rules.class_shares({"A": 1, "X": 1}, NATIONAL.result_classes, 1)
    assert [(p.code, p.count) for p in found.items] == [("A", 1), ("B", 0), ("C", 0), ("D", 0), ("X", 1)]
    assert found.items[-1].label["zh"] == "X"


def test_the_satisfaction_of_a_city_adds_up_to_a_hundred():
    found = rules.satisfaction({"satisfied": 86, "basically_satisfied": 7}, 0, NATIONAL.ratings, 2)  # G7
    assert [str(p.share) for p in found.levels.items] == ["92.47", "7.53", "0.00"]
    assert (found.base, found.satisfied, found.percent) == (93, 93, Decimal("100.00"))


def test_ratings_that_never_came_are_told_and_count_only_where_the_profile_says_so():
    counts = {"satisfied": 6, "dissatisfied": 2}
    left_out = rules.satisfaction(counts, 2, NATIONAL.ratings, 1)
    assert (left_out.base, left_out.rated, left_out.not_returned, str(left_out.percent)) == (8, 8, 2, "75.0")
    counted = rules.satisfaction(counts, 2, COUNTING, 1)
    assert (counted.base, counted.rated, counted.not_returned, str(counted.percent)) == (10, 8, 2, "60.0")
    assert [p.code for p in counted.levels.items][-1] == "not_returned"


def test_nothing_counted_has_no_percentage():
    assert rules.satisfaction({}, 0, NATIONAL.ratings, 1).percent is None
    assert rules.rate(0, 0, 1).percent is None


@pytest.mark.parametrize(
    ("n", "of", "expected"), [(712, 913, "78.0"), (4965, 5732, "86.6"), (1, 8, "12.5"), (1, 16, "6.3"), (3, 3, "100.0")]
)
def test_a_rate_is_rounded_half_up(n, of, expected):
    assert str(rules.rate(n, of, 1).percent) == expected


@given(
    counts=st.fixed_dictionaries({level: st.integers(0, 5000) for level in ("satisfied", "basically_satisfied", "dissatisfied")}),
    missing=st.integers(0, 5000),
    decimals=st.integers(0, 4),
)
def test_levels_add_up_and_more_ratings_that_never_came_never_raise_the_rate(counts, missing, decimals):
    for ratings in (NATIONAL.ratings, COUNTING):
        found = rules.satisfaction(counts, missing, ratings, decimals)
        assert found.base == sum(p.count for p in found.levels.items)
        assert sum(p.share for p in found.levels.items) == (100 if found.base else 0)
    counted, left_out = (rules.satisfaction(counts, missing, r, decimals) for r in (COUNTING, NATIONAL.ratings))
    if left_out.percent is not None:
        assert counted.percent <= left_out.percent


def test_a_year_runs_from_midnight_to_midnight_in_china():
    begins, ends = rules.year_of(2026)
    assert (begins.isoformat(), ends.isoformat()) == ("2026-01-01T00:00:00+08:00", "2027-01-01T00:00:00+08:00")
