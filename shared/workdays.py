"""Due dates in calendar days, working days and months, in China's time (domain handbook, "Clock")."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from importlib.metadata import version
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

# Not from the system's zone files: small containers have none, and China has kept this offset since 1991.
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")

_FRIDAY = 4


class Clock(BaseModel):
    """A time limit of `n` days, working days (工作日) or months. `source` is the law article or rule that sets it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int = Field(ge=1, le=3650)
    unit: Literal["day", "workday", "month"]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked in the years it covers.

    `exceptions` holds the days that differ from the weekend rule: True for a make-up working day (调休), False for a
    working day that is off. `version` names what a due date was computed with.
    """

    version: str
    years: frozenset[int]
    exceptions: Mapping[date, bool]

    def is_workday(self, day: date) -> bool:
        """Whether `day` is worked; Monday to Friday where the calendar says nothing else."""
        return self.exceptions.get(day, day.weekday() <= _FRIDAY)


@dataclass(frozen=True, slots=True)
class Due:
    """The last moment in time, and the calendar it rests on. `provisional`: working days were counted in a year without a calendar."""

    at: datetime
    provisional: bool
    calendar: str


@lru_cache(maxsize=1)
def official_calendar() -> Calendar:
    """The State Council's days off and make-up working days for the years that the library `chinesecalendar` knows."""
    from chinese_calendar.constants import holidays, workdays

    exceptions = dict.fromkeys(holidays, False) | dict.fromkeys(workdays, True)
    years = frozenset(range(min(exceptions).year, max(exceptions).year + 1))
    return Calendar(f"chinesecalendar-{version('chinesecalendar')}", years, exceptions)


def due(start: datetime, clock: Clock, calendar: Calendar) -> Due:
    """The end of the last day of `clock`, started at `start`, in China's time.

    The day of the start does not count and the last day counts whole (民法典 201, 203). A month ends on the same day
    number, or on the month's last day where there is none (民法典 202). The end is never moved off a day off: stricter than
    民法典 203, a project default. Raises ValueError when `start` has no time zone.
    """
    if start.tzinfo is None:
        raise ValueError("a start without a time zone")
    first = start.astimezone(CHINA).date()
    if clock.unit == "workday":
        last, provisional = _after_workdays(first, clock.n, calendar)
    else:
        last, provisional = first + timedelta(days=clock.n) if clock.unit == "day" else _after_months(first, clock.n), False
    return Due(datetime.combine(last, time.max, CHINA), provisional, calendar.version)


def _after_workdays(day: date, n: int, calendar: Calendar) -> tuple[date, bool]:
    provisional = False
    while n:
        day += timedelta(days=1)
        n -= calendar.is_workday(day)
        provisional = provisional or day.year not in calendar.years
    return day, provisional


def _after_months(day: date, n: int) -> date:
    years, month = divmod(day.month - 1 + n, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
