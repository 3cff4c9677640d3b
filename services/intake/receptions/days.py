"""The rule calendar: which day of each month a rule means, and where a day off moves it. Pure."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from services.intake.receptions.settings import Calendar, DayRule
from shared.workdays import Calendar as Workdays


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """What a calendar says of a month.

    `by_rule` is the rule's day, None in a month without one; `on` is the day after days off are seen to. `other_reading` is the
    day that the other way of counting gives, when it differs. `day_off`: the rule's day is not worked. `provisional`: the year
    has no official calendar yet, so a day off may turn up.
    """

    month: date
    by_rule: date | None
    on: date | None
    other_reading: date | None
    day_off: bool
    provisional: bool


def week_of_month(year: int, month: int, nth: int, weekday: int) -> date | None:
    """The weekday (1 is Monday) of the nth week, weeks from Monday, the first the one with the 1st; None outside the month."""
    first = date(year, month, 1)
    day = first - timedelta(days=first.weekday()) + timedelta(weeks=nth - 1, days=weekday - 1)
    return day if (day.year, day.month) == (year, month) else None


def weekday_of_month(year: int, month: int, nth: int, weekday: int) -> date | None:
    """The nth of that weekday (1 is Monday) in the month, or None when there are fewer."""
    first = date(year, month, 1)
    day = 1 + (weekday - first.isoweekday()) % 7 + 7 * (nth - 1)
    return date(year, month, day) if day <= monthrange(year, month)[1] else None


def day_by_rule(rule: DayRule, year: int, month: int) -> tuple[date | None, date | None]:
    """The day that a rule means in a month, and the one that the other way of counting would give."""
    by_week = week_of_month(year, month, rule.nth, rule.weekday)
    by_weekday = weekday_of_month(year, month, rule.nth, rule.weekday)
    return (by_week, by_weekday) if rule.counted == "week_of_month" else (by_weekday, by_week)


def plan_year(calendar: Calendar, year: int, workdays: Workdays) -> list[PlannedDay]:
    """What a calendar says of each of its months in a year, the months without a day included."""
    return [_planned(calendar, year, month, workdays) for month in sorted(set(calendar.days.months))]


def _planned(calendar: Calendar, year: int, month: int, workdays: Workdays) -> PlannedDay:
    day, other = day_by_rule(calendar.days, year, month)
    on = day
    if day is not None and calendar.day_off == "next_workday":
        on = _next_workday(day, workdays)
    return PlannedDay(
        month=date(year, month, 1),
        by_rule=day,
        on=on,
        other_reading=other if other != day else None,
        day_off=day is not None and not workdays.is_workday(day),
        provisional=day is not None and (day.year not in workdays.years or (on is not None and on.year not in workdays.years)),
    )


def _next_workday(day: date, workdays: Workdays) -> date:
    while not workdays.is_workday(day):
        day += timedelta(days=1)
    return day
