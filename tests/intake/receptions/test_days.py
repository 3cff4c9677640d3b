"""The rule calendar on every month of 2024 to 2027, against a fixed table and two other ways of counting."""

from __future__ import annotations

from calendar import monthcalendar, monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.intake.receptions.days import day_by_rule, plan_year, week_of_month, weekday_of_month
from services.intake.receptions.settings import Calendar, DayRule
from services.intake.settings import IntakePolicy
from shared.profile import load
from shared.settings import ROOT
from shared.workdays import official_calendar

POLICY = load(ROOT / "deploy" / "profiles" / "wujin.yaml", "intake", IntakePolicy).receptions
CALENDAR = POLICY.calendar("contact_day")
MONTHS = [(year, month) for year in range(2024, 2028) for month in range(1, 13)]
TUESDAY = 2

# The third week's Tuesday, and the third Tuesday where it is another day: fixed, so that a change of the rule shows. Taken from the
# rule's own output and checked against the standard library's month calendar, which the test below does anew each time.
TABLE = """
2024-01 16 -- 2024-02 13 20 2024-03 12 19 2024-04 16 -- 2024-05 14 21 2024-06 11 18
2024-07 16 -- 2024-08 13 20 2024-09 10 17 2024-10 15 -- 2024-11 12 19 2024-12 10 17
2025-01 14 21 2025-02 11 18 2025-03 11 18 2025-04 15 -- 2025-05 13 20 2025-06 10 17
2025-07 15 -- 2025-08 12 19 2025-09 16 -- 2025-10 14 21 2025-11 11 18 2025-12 16 --
2026-01 13 20 2026-02 10 17 2026-03 10 17 2026-04 14 21 2026-05 12 19 2026-06 16 --
2026-07 14 21 2026-08 11 18 2026-09 15 -- 2026-10 13 20 2026-11 10 17 2026-12 15 --
2027-01 12 19 2027-02 16 -- 2027-03 16 -- 2027-04 13 20 2027-05 11 18 2027-06 15 --
2027-07 13 20 2027-08 10 17 2027-09 14 21 2027-10 12 19 2027-11 16 -- 2027-12 14 21
"""
WORDS = TABLE.split()
EXPECTED = {
    (int(WORDS[i][:4]), int(WORDS[i][5:])): (int(WORDS[i + 1]), None if WORDS[i + 2] == "--" else int(WORDS[i + 2]))
    for i in range(0, len(WORDS), 3)
}


def weeks_of(year: int, month: int) -> list[list[date]]:
    """The month cut into its weeks at each Monday: the first holds the 1st."""
    weeks: list[list[date]] = [[]]
    for number in range(1, monthrange(year, month)[1] + 1):
        day = date(year, month, number)
        if day.weekday() == 0 and weeks[0]:
            weeks.append([])
        weeks[-1].append(day)
    return weeks


def test_the_table_holds_each_of_the_forty_eight_months() -> None:
    assert sorted(EXPECTED) == MONTHS


@pytest.mark.parametrize(("year", "month"), MONTHS)
def test_the_table_says_what_the_standard_library_s_month_calendar_says(year: int, month: int) -> None:
    weeks = monthcalendar(year, month)
    column = [week[TUESDAY - 1] for week in weeks]
    third = [number for number in column if number][2]
    assert EXPECTED[year, month] == (column[2], third if third != column[2] else None)


@pytest.mark.parametrize(("year", "month"), MONTHS)
def test_the_tuesday_of_the_third_week_of_each_month(year: int, month: int) -> None:
    assert CALENDAR is not None
    day, other = day_by_rule(CALENDAR.days, year, month)
    expected, third = EXPECTED[year, month]
    assert day == date(year, month, expected)
    assert day in weeks_of(year, month)[2]
    tuesdays = [d for week in weeks_of(year, month) for d in week if d.isoweekday() == TUESDAY]
    assert other == tuesdays[2]
    assert (other != day) == (third is not None)
    if third is not None:
        assert other == date(year, month, third)


@pytest.mark.parametrize("year", range(2024, 2028))
def test_the_plan_says_in_which_months_the_third_tuesday_would_be_another_day(year: int) -> None:
    assert CALENDAR is not None
    differing = {p.month.month: p.other_reading for p in plan_year(CALENDAR, year, official_calendar()) if p.other_reading}
    assert differing == {month: date(year, month, third) for (y, month), (_, third) in EXPECTED.items() if y == year and third}
    assert set(differing) == {m for m in range(1, 13) if date(year, m, 1).isoweekday() > TUESDAY}


def test_a_day_off_moves_to_the_next_working_day_or_stays_as_the_profile_says() -> None:
    assert CALENDAR is not None
    assert CALENDAR.day_off == "next_workday"
    february = plan_year(CALENDAR, 2024, official_calendar())[1]
    # Spring Festival 2024: off from the 10th to the 17th, and Sunday the 18th was worked for it.
    assert (february.by_rule, february.on, february.day_off) == (date(2024, 2, 13), date(2024, 2, 18), True)
    kept = plan_year(CALENDAR.model_copy(update={"day_off": "keep"}), 2024, official_calendar())[1]
    assert (kept.on, kept.day_off) == (date(2024, 2, 13), True)
    moved = [p for year in range(2024, 2027) for p in plan_year(CALENDAR, year, official_calendar()) if p.on != p.by_rule]
    assert [p.by_rule for p in moved] == [date(2024, 2, 13)]


def test_a_year_without_an_official_calendar_is_planned_and_marked_provisional() -> None:
    assert CALENDAR is not None
    marked = {year: {p.provisional for p in plan_year(CALENDAR, year, official_calendar())} for year in range(2024, 2028)}
    assert marked == {year: {year not in official_calendar().years} for year in range(2024, 2028)}


def test_a_month_without_such_a_day_is_shown_without_one() -> None:
    rule = {"weekday": 1, "nth": 1, "counted": "week_of_month"}
    calendar = Calendar.model_validate(
        {
            "code": "first_monday",
            "label": {"zh": "一", "en": "one"},
            "kind": "contact_day",
            "days": rule,
            "day_off": "keep",
            "begins": "09:00",
            "ends": "10:00",
            "source": "test",
        }
    )
    planned = plan_year(calendar, 2026, official_calendar())
    assert [p.month.month for p in planned if p.on is not None] == [6]
    assert len(planned) == 12


@given(st.integers(2000, 2100), st.integers(1, 12), st.integers(1, 5), st.integers(1, 7))
def test_both_readings_agree_with_the_weeks_counted_one_by_one(year: int, month: int, nth: int, weekday: int) -> None:
    weeks = weeks_of(year, month)
    in_week = [d for d in (weeks[nth - 1] if nth <= len(weeks) else []) if d.isoweekday() == weekday]
    assert week_of_month(year, month, nth, weekday) == (in_week[0] if in_week else None)
    all_of_it = [d for week in weeks for d in week if d.isoweekday() == weekday]
    assert weekday_of_month(year, month, nth, weekday) == (all_of_it[nth - 1] if nth <= len(all_of_it) else None)


@given(st.dates(date(2024, 1, 1), date(2026, 12, 1)), st.integers(1, 7))
def test_a_moved_day_is_worked_and_nothing_between_is(day: date, weekday: int) -> None:
    assert CALENDAR is not None
    rule = DayRule(weekday=weekday, nth=2, counted="weekday_of_month", months=(day.month,))
    [planned] = plan_year(CALENDAR.model_copy(update={"days": rule}), day.year, official_calendar())
    assert planned.by_rule is not None
    assert planned.on is not None
    workdays = official_calendar()
    assert workdays.is_workday(planned.on)
    assert not any(workdays.is_workday(planned.by_rule + timedelta(days=n)) for n in range((planned.on - planned.by_rule).days))


@pytest.mark.parametrize("wrong", [{"weekday": 0}, {"weekday": 8}, {"nth": 6}, {"counted": "about"}, {"months": [13]}])
def test_a_rule_that_means_no_day_is_refused_when_the_profile_is_read(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DayRule.model_validate({"weekday": 2, "nth": 3, "counted": "week_of_month", **wrong})
