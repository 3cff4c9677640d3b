"""Rule tables, caps, ranks, and which version of something held when."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.scoring import rules
from services.scoring.settings import ScoringPolicy
from shared.events import derived_id
from tests.scoring import golden

LABEL = {"zh": "示例", "en": "Example"}
ITEM = {"label": LABEL, "points": "0.5", "cap": "5"}


def policy(*tables: tuple[str, str, dict]) -> ScoringPolicy:
    return ScoringPolicy(
        profile_version="wujin@1", tables=[{"version": v, "in_force_from": day, "label": LABEL, "items": items} for v, day, items in tables]
    )


OLD_AND_NEW = policy(
    ("1", "2026-01-01", {rules.OPINION_TAKEN_IN: ITEM}), ("2", "2026-07-01", {rules.OPINION_TAKEN_IN: {**ITEM, "points": "1"}})
)


def test_a_line_is_named_after_its_event_and_item_and_falls_on_the_day_in_china():
    event = golden.opinion(0).model_copy(update={"occurred_at": datetime(2025, 12, 31, 16, 0, tzinfo=UTC)})
    [line] = rules.lines_of(event, OLD_AND_NEW)
    assert line.id == derived_id(event.id, "opinion_taken_in")
    assert (line.day, line.period) == (date(2026, 1, 1), 2026)


@pytest.mark.parametrize(("day", "points", "version"), [("2026-06-30", "0.5", "1"), ("2026-07-01", "1", "2"), ("2024-05-05", "0.5", "1")])
def test_the_table_in_force_on_the_day_decides_the_points(day, points, version):
    event = golden.opinion(0).model_copy(update={"occurred_at": datetime.fromisoformat(f"{day}T04:00:00+00:00")})
    [line] = rules.lines_of(event, OLD_AND_NEW)
    assert (line.points, line.rule_version) == (Decimal(points), version)


@pytest.mark.parametrize("event", [golden.opinion(1, "project"), golden.opinion(1, "campaign"), golden.act(1)])
def test_what_the_table_does_not_reward_earns_no_line(event):
    assert rules.lines_of(event, OLD_AND_NEW) == []


ACTS = policy(
    (
        "1",
        "2026-01-01",
        {
            item: {"label": LABEL, "points": points}
            for item, points in {
                "reception_day": "2",
                "leave_half_day": "-1",
                "absence": "-5",
                "contact_logged": "0.2",
                "activity_logged": "1",
                "suggestion": "3",
                "joint_signer": "1",
                "rep_answer_missed": "-0.5",
            }.items()
        },
    )
)


@pytest.mark.parametrize(
    ("event", "earned"),
    [
        (golden.attendance(1), [("reception_day", golden.FIRST, "2")]),
        (golden.attendance(1, presence="leave"), [("leave_half_day", golden.FIRST, "-1")]),
        (golden.attendance(1, presence="absent"), [("absence", golden.FIRST, "-5")]),
        (golden.contact(1), [("contact_logged", golden.FIRST, "0.2")]),
        (golden.contact(1, measures=("activity",)), [("activity_logged", golden.FIRST, "1")]),
        (golden.contact(1, measures=("reception",)), []),
        (golden.struck_out(2, golden.contact(1)), [("contact_logged", golden.FIRST, "-0.2")]),
        (golden.suggestion(1), [("suggestion", golden.FIRST, "3"), ("joint_signer", golden.SECOND, "1")]),
        (golden.missed(1), [("rep_answer_missed", golden.FIRST, "-0.5")]),
    ],
)
def test_what_a_deputy_did_earns_what_the_table_says(event, earned):
    lines = rules.lines_of(event, ACTS)
    assert [(line.item, line.earner_id, str(line.points)) for line in lines] == earned
    assert len({line.id for line in lines}) == len(lines)


def test_what_was_struck_out_is_taken_back_on_the_day_and_under_the_table_of_the_act():
    entered = golden.contact(1, on=date(2025, 12, 31))
    [line], [counter] = rules.lines_of(entered, ACTS), rules.lines_of(golden.struck_out(9000, entered), ACTS)
    assert line.points + counter.points == 0 and line.id != counter.id
    assert (line.day, line.occurred_at, line.rule_version) == (counter.day, counter.occurred_at, counter.rule_version)
    assert line.period == 2025


def test_six_suggestions_of_three_points_make_fifteen_under_a_cap_of_fifteen():
    table = policy(("1", "2026-01-01", {"suggestion": {**ITEM, "points": "3", "cap": "15"}, "speech": ITEM})).tables[0]
    [suggestion, unknown] = rules.totals({"suggestion": (6, Decimal(18)), "taken_out": (1, Decimal(7))}, table)
    assert (suggestion.raw, suggestion.capped) == (Decimal(18), Decimal(15))
    assert (unknown.capped, unknown.cap) == (Decimal(7), None)


def test_half_points_add_up():
    assert sum([Decimal("0.5")] * 237, Decimal(0)) == Decimal("118.5")


def test_ties_share_a_rank_and_leave_a_gap():
    assert rules.ranks([Decimal(9), Decimal(9), Decimal(5), Decimal(5), Decimal(0)]) == [1, 1, 3, 3, 5]


@given(st.lists(st.integers(0, 5)))
def test_a_rank_is_one_more_than_the_number_of_those_with_more(numbers):
    points = sorted(map(Decimal, numbers), reverse=True)
    assert rules.ranks(points) == [1 + sum(other > mine for other in points) for mine in points]


@dataclass(frozen=True)
class Version:
    version_no: int
    occurred_at: datetime


@given(st.dictionaries(st.integers(1, 6), st.integers(0, 20)), st.integers(0, 20), st.randoms())
def test_the_version_in_force_does_not_depend_on_the_order_of_hearing(since, at, chance):
    moments = {no: golden.START + timedelta(hours=hours) for no, hours in since.items()}
    versions = [Version(no, moment) for no, moment in moments.items()]
    chance.shuffle(versions)
    found = rules.in_force(versions, golden.START + timedelta(hours=at))
    held = [no for no, hours in since.items() if hours <= at]
    assert (found.version_no if found else None) == (max(held) if held else min(since, default=None))


def test_consultative_deputies_are_ranked_apart():
    levels = enumerate(("county", "county", "consultative"))
    one, two, apart = (golden.mandate(0, 1, uuid.UUID(int=n), level=level) for n, level in levels)
    points = {one.deputy_id: Decimal(3), two.deputy_id: Decimal(4), apart.deputy_id: Decimal(90)}
    found = [(s.mandate.deputy_id, s.rank) for s in rules.standings([apart, one, two], points)]
    assert found == [(two.deputy_id, 1), (one.deputy_id, 2), (apart.deputy_id, 1)]


@pytest.mark.parametrize("days", [("2026-07-01", "2026-01-01"), ("2026-01-01", "2026-01-01")])
def test_tables_out_of_order_are_refused(days):
    with pytest.raises(ValidationError, match="in order of in_force_from"):
        policy(("1", days[0], {}), ("2", days[1], {}))
