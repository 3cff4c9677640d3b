"""Due dates against a day-by-day oracle on the State Council's published days, and what holds for any start."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.workdays import (
    CHINA,
    Calendar,
    CalendarNotValid,
    Clock,
    Extension,
    Pause,
    calendar_with,
    days_counted,
    due,
    official_calendar,
)

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


STARTS = [date(2023, 1, 3) + timedelta(days=36 * i) for i in range(40)]
"""Forty dates from January 2023 to November 2026."""
MAKE_UP_SATURDAYS = [date(2023, 10, 7), date(2024, 2, 4), date(2024, 9, 14), date(2025, 1, 26), date(2025, 10, 11), date(2026, 2, 14)]
MONTH_ENDS = [date(2023, 1, 31), date(2023, 11, 30), date(2024, 2, 29), date(2025, 8, 31), date(2026, 5, 31)]


def _at(day: date, hour: int = 10) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=CHINA)


def _clock(n: int, unit: str) -> Clock:
    return Clock.model_validate({"n": n, "unit": unit})


def _oracle(start: date, n: int, unit: str, stood: frozenset[date] = frozenset()) -> date:
    """The last day, found by walking one day after the other and asking of each whether it counts."""
    published = _published() if PUBLISHED.is_dir() else {d: not OFFICIAL.is_workday(d) for d in _all_days()}
    day, left = start, n
    if unit == "month":
        months = start.year * 12 + start.month + n
        while True:
            day += timedelta(days=1)
            here, last = day.year * 12 + day.month, (day + timedelta(days=1)).day == 1
            if here == months and (day.day == start.day or (last and day.day < start.day)):
                break
        left = sum(start < one <= day for one in stood)
        while left:
            day += timedelta(days=1)
            left -= 0 if day in stood else 1
        return day
    while left:
        day += timedelta(days=1)
        off = unit == "workday" and published.get(day, day.isoweekday() in (6, 7))
        left -= 0 if off or day in stood else 1
    return day


@pytest.mark.parametrize(
    ("unit", "n"), [("day", 1), ("day", 15), ("workday", 5), ("workday", 20), ("month", 1), ("month", 3), ("month", 6)]
)
def test_forty_dates_of_four_years_agree_with_walking_day_by_day(unit: str, n: int) -> None:
    for start in [*STARTS, *MAKE_UP_SATURDAYS, *MONTH_ENDS]:
        assert due(_at(start), _clock(n, unit), OFFICIAL).at.date() == _oracle(start, n, unit), start


@pytest.mark.parametrize("saturday", MAKE_UP_SATURDAYS)
def test_a_make_up_working_day_at_a_weekend_counts_as_the_first_day(saturday: date) -> None:
    assert saturday.isoweekday() in (6, 7)
    assert due(_at(saturday - timedelta(days=1)), _clock(1, "workday"), OFFICIAL).at.date() == saturday


@given(
    start=st.dates(date(2023, 1, 1), date(2026, 6, 1)),
    n=st.integers(1, 40),
    unit=st.sampled_from(["day", "workday"]),
    after=st.integers(-10, 60),
    length=st.integers(0, 40),
)
def test_days_on_which_a_clock_stood_still_do_not_count(start: date, n: int, unit: str, after: int, length: int) -> None:
    since = start + timedelta(days=after)
    pause = Pause(_at(since, 8), _at(since + timedelta(days=length), 20))
    stood = frozenset(since + timedelta(days=i) for i in range(length))
    if PUBLISHED.is_dir():
        assert due(_at(start), _clock(n, unit), OFFICIAL, pauses=[pause]).at.date() == _oracle(start, n, unit, stood)
    assert due(_at(start), _clock(n, unit), OFFICIAL, pauses=[pause]).at >= due(_at(start), _clock(n, unit), OFFICIAL).at


@pytest.mark.parametrize(
    ("since", "until", "last"),
    [
        ("2026-02-01", "2026-02-11", "2026-04-25"),  # ten days inside the three months
        ("2026-04-10", "2026-04-20", "2026-04-25"),  # six inside, and four on the way
        ("2026-04-16", "2026-04-20", "2026-04-15"),  # after it
        ("2026-02-01", "2026-02-01", "2026-04-15"),  # stopped and started within a day
    ],
)
def test_a_month_is_longer_by_the_days_that_it_stood_still(since: str, until: str, last: str) -> None:
    pause = Pause(_at(date.fromisoformat(since)), _at(date.fromisoformat(until)))
    assert due(_at(date(2026, 1, 15)), _clock(3, "month"), OFFICIAL, pauses=[pause]).at.date().isoformat() == last
    stood = frozenset(pause.since.date() + timedelta(days=i) for i in range((pause.until - pause.since).days))
    assert _oracle(date(2026, 1, 15), 3, "month", stood).isoformat() == last


def test_pauses_that_overlap_count_their_days_once_and_one_upside_down_is_a_defect() -> None:
    one, other = (Pause(_at(date(2026, 3, a)), _at(date(2026, 3, b))) for a, b in ((3, 10), (6, 12)))
    both = Pause(one.since, other.until)
    clock = _clock(10, "day")
    assert due(_at(date(2026, 3, 2)), clock, OFFICIAL, pauses=[one, other]) == due(_at(date(2026, 3, 2)), clock, OFFICIAL, pauses=[both])
    with pytest.raises(ValueError, match="ends before"):
        due(_at(date(2026, 3, 2)), clock, OFFICIAL, pauses=[Pause(one.until, one.since)])


def _extension(n: int, unit: str) -> Extension:
    return Extension.model_validate({"n": n, "unit": unit, "agreed_by": "deputies_committee", "agreed_at": _at(date(2026, 4, 1))})


def test_an_extension_in_the_clock_s_unit_counts_from_the_start_and_another_from_its_end() -> None:
    start = _at(date(2025, 11, 30))
    assert due(start, _clock(3, "month"), OFFICIAL, extensions=[_extension(3, "month")]).at.date() == date(2026, 5, 30)  # not 28 May
    assert due(start, _clock(3, "month"), OFFICIAL, extensions=[_extension(5, "workday")]).at.date() == date(2026, 3, 6)
    twice = [_extension(2, "workday"), _extension(3, "workday")]
    assert due(start, _clock(3, "month"), OFFICIAL, extensions=twice).at.date() == date(2026, 3, 6)
    with pytest.raises(ValueError, match="agreed_by"):
        Extension.model_validate({"n": 1, "unit": "month", "agreed_by": "", "agreed_at": _at(date(2026, 4, 1))})


@given(
    start=st.datetimes(datetime(2004, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    n=st.integers(1, 60),
    unit=st.sampled_from(["day", "workday", "month"]),
    more=st.integers(1, 30),
    after=st.integers(0, 90),
    length=st.integers(0, 60),
)
def test_due_is_never_before_its_start_and_never_earlier_for_more_units_days_or_pauses(
    start: datetime, n: int, unit: str, more: int, after: int, length: int
) -> None:
    pauses = [Pause(start + timedelta(days=after), start + timedelta(days=after + length))]
    plain, paused = due(start, _clock(n, unit), OFFICIAL), due(start, _clock(n, unit), OFFICIAL, pauses=pauses)
    longer = due(start, _clock(n + 1, unit), OFFICIAL, pauses=pauses)
    extended = due(start, _clock(n, unit), OFFICIAL, pauses=pauses, extensions=[_extension(more, unit)])
    assert start < plain.at <= paused.at < longer.at <= extended.at


@given(first=st.dates(date(2023, 1, 1), date(2026, 6, 1)), n=st.integers(1, 60))
def test_counting_the_days_of_a_clock_gives_back_its_number(first: date, n: int) -> None:
    for unit in ("day", "workday"):
        last = due(_at(first), _clock(n, unit), OFFICIAL).at.date()
        assert days_counted(first, last, unit, OFFICIAL) == n  # type: ignore[arg-type]


def _year(folder: Path, year: int, days: dict[str, bool], name: str | None = None) -> Path:
    listed = [{"name": "x", "date": day, "isOffDay": off} for day, off in days.items()]
    file = folder / f"{name or year}.json"
    file.write_text(json.dumps({"year": year, "days": listed}), "utf-8")
    return file


def test_a_year_that_the_library_lacks_comes_from_a_file_and_makes_deadlines_certain(tmp_path: Path) -> None:
    _year(tmp_path, 2027, {"2027-01-01": True, "2027-01-04": True, "2027-01-02": False})
    own = calendar_with(tmp_path)
    assert own.years == OFFICIAL.years | {2027}
    assert own.version.startswith(f"{OFFICIAL.version}:2027-")
    before, after = (due(_at(date(2026, 12, 30)), _clock(3, "workday"), calendar) for calendar in (OFFICIAL, own))
    assert (before.at.date(), before.provisional) == (date(2027, 1, 4), True)
    assert (after.at.date(), after.provisional) == (date(2027, 1, 5), False)


def test_a_file_of_a_year_that_the_library_knows_stands_in_its_place_and_its_version_tells(tmp_path: Path) -> None:
    _year(tmp_path, 2026, {"2026-03-03": True})
    first = calendar_with(tmp_path)
    assert not first.is_workday(date(2026, 3, 3))
    assert first.is_workday(date(2026, 2, 18))  # the library's Spring Festival is not in the file
    _year(tmp_path, 2026, {"2026-03-04": True})
    assert calendar_with(tmp_path).version != first.version


@pytest.mark.parametrize("broken", ["{", '{"year": 2027}', '{"year": 2028, "days": [{"date": "2028-01-01", "isOffDay": true}]}', "[]"])
def test_a_file_that_is_no_calendar_is_refused_by_its_name(tmp_path: Path, broken: str) -> None:
    (tmp_path / "2027.json").write_text(broken, "utf-8")
    with pytest.raises(CalendarNotValid, match=r"2027\.json"):
        calendar_with(tmp_path)
