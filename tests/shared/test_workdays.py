"""Due dates against a day-by-day oracle on the State Council's published days, and what holds for any start."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.workdays import CHINA, Calendar, Clock, due, official_calendar

OFFICIAL = official_calendar()
PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "calendar"
OWN_CASES = {  # 国办发明电: where the published files are not at hand
    date(2024, 2, 9): True,
    date(2024, 2, 4): False,
    date(2024, 2, 12): True,
    date(2024, 2, 18): False,
    date(2025, 1, 26): False,
    date(2025, 1, 28): True,
    date(2025, 10, 8): True,
    date(2025, 10, 11): False,
    date(2026, 2, 14): False,
    date(2026, 2, 23): True,
}


def _published() -> dict[date, bool]:
    """Day → whether it is off, from holiday-cn's files."""
    days = [day for file in sorted(PUBLISHED.glob("*.json")) for day in json.loads(file.read_text("utf-8"))["days"]]
    return {date.fromisoformat(day["date"]): day["isOffDay"] for day in days} or OWN_CASES


def test_the_calendar_says_of_each_published_day_what_the_state_council_said() -> None:
    published = _published()
    assert {day: not OFFICIAL.is_workday(day) for day in published} == published


def test_the_calendar_knows_2004_to_2026_and_names_its_version() -> None:
    assert frozenset(range(2004, 2027)) == OFFICIAL.years
    assert OFFICIAL.version.startswith("chinesecalendar-")


@given(start=st.dates(date(2023, 1, 1), date(2026, 9, 1)), n=st.integers(1, 40))
def test_working_days_agree_with_counting_day_by_day(start: date, n: int) -> None:
    published, day, left = _published() if PUBLISHED.is_dir() else {d: not OFFICIAL.is_workday(d) for d in _all_days()}, start, n
    while left:
        day += timedelta(days=1)
        off = published.get(day, day.isoweekday() in (6, 7))
        left -= 0 if off else 1
    answer = due(datetime(start.year, start.month, start.day, 9, tzinfo=CHINA), Clock(n=n, unit="workday"), OFFICIAL)
    assert (answer.at.date(), answer.provisional) == (day, day.year > 2026)


def _all_days() -> list[date]:
    return [date(2023, 1, 1) + timedelta(days=i) for i in range(4 * 366)]


@pytest.mark.parametrize(
    ("start", "n", "unit", "last"),
    [
        ("2026-01-15", 3, "month", "2026-04-15"),
        ("2026-01-15", 6, "month", "2026-07-15"),
        ("2025-11-30", 3, "month", "2026-02-28"),
        ("2023-11-30", 3, "month", "2024-02-29"),
        ("2026-10-31", 12, "month", "2027-10-31"),
        ("2026-12-01", 1, "month", "2027-01-01"),
        ("2026-01-01", 1, "day", "2026-01-02"),
        ("2026-01-01", 7, "day", "2026-01-08"),
        ("2026-01-01", 15, "day", "2026-01-16"),
        ("2026-02-13", 7, "workday", "2026-03-02"),  # Spring Festival: both make-up Saturdays (14 and 28 February) count
        ("2025-09-30", 5, "workday", "2025-10-14"),
    ],
)
def test_golden_due_dates(start: str, n: int, unit: str, last: str) -> None:
    answer = due(datetime.fromisoformat(f"{start}T10:00:00+08:00"), Clock.model_validate({"n": n, "unit": unit}), OFFICIAL)
    assert answer.at.date().isoformat() == last
    assert not answer.provisional


def test_the_last_day_counts_whole_in_chinas_time() -> None:
    answer = due(datetime(2026, 3, 2, 15, 59, tzinfo=UTC), Clock(n=1, unit="day"), OFFICIAL)
    assert answer.at.isoformat() == "2026-03-03T23:59:59.999999+08:00"


def test_a_start_late_in_the_utc_day_belongs_to_the_next_day_in_china() -> None:
    answer = due(datetime(2026, 3, 2, 16, 0, tzinfo=UTC), Clock(n=1, unit="day"), OFFICIAL)
    assert answer.at.date() == date(2026, 3, 4)


def test_a_year_without_a_calendar_is_counted_by_weekends_and_said_to_be_provisional() -> None:
    answer = due(datetime(2026, 12, 30, 9, tzinfo=CHINA), Clock(n=3, unit="workday"), OFFICIAL)
    assert (answer.at.date(), answer.provisional) == (date(2027, 1, 4), True)
    assert not due(datetime(2026, 12, 30, 9, tzinfo=CHINA), Clock(n=1, unit="workday"), OFFICIAL).provisional
    assert not due(datetime(2027, 5, 4, 9, tzinfo=CHINA), Clock(n=3, unit="month"), OFFICIAL).provisional


def test_a_due_date_names_the_calendar_that_it_rests_on() -> None:
    own = Calendar("town-2", frozenset({2026}), {date(2026, 3, 3): False})
    answer = due(datetime(2026, 3, 2, 9, tzinfo=CHINA), Clock(n=1, unit="workday"), own)
    assert (answer.at.date(), answer.calendar) == (date(2026, 3, 4), "town-2")


def test_a_start_without_a_time_zone_is_a_defect() -> None:
    with pytest.raises(ValueError, match="time zone"):
        due(datetime(2026, 3, 2), Clock(n=1, unit="day"), OFFICIAL)  # noqa: DTZ001


@given(
    start=st.datetimes(datetime(2004, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    n=st.integers(1, 60),
    unit=st.sampled_from(["day", "workday", "month"]),
)
def test_a_due_date_is_after_its_start_and_never_earlier_for_a_longer_clock(start: datetime, n: int, unit: str) -> None:
    shorter, longer = (due(start, Clock.model_validate({"n": k, "unit": unit}), OFFICIAL).at for k in (n, n + 1))
    assert start < shorter < longer
