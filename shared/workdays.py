"""Due dates in calendar days, working days and months, in China's time (domain handbook, "Clock")."""

from __future__ import annotations

import hashlib
import json
import os
from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.settings import ROOT

# Not from the system's zone files: small containers have none, and China has kept this offset since 1991.
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")

_FRIDAY = 4

Unit = Literal["day", "workday", "month"]


class Clock(BaseModel):
    """A time limit of `n` days, working days (工作日) or months. `source` is the law article or rule that sets it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int = Field(ge=1, le=3650)
    unit: Unit
    source: str = ""


class Extension(BaseModel):
    """`n` units more, and who agreed to them when (domain handbook, "Clock")."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int = Field(ge=1, le=3650)
    unit: Unit
    agreed_by: str = Field(min_length=1)
    agreed_at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """A clock stood still from `since` to `until`. One that still stands has the present moment as its `until`."""

    since: datetime
    until: datetime


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


class CalendarNotValid(ValueError):
    """A file with a year's days off cannot be used; the text names the file and what is wrong with it."""


@lru_cache(maxsize=1)
def official_calendar() -> Calendar:
    """The State Council's days off and make-up working days: the years that the library `chinesecalendar` knows, and those of own files.

    A year that the library does not know yet is a file `<year>.json` in deploy/calendars, or in the folder that LIANXIN_CALENDARS
    names. The version names them all. Raises CalendarNotValid.
    """
    return calendar_with(Path(os.environ.get("LIANXIN_CALENDARS") or ROOT / "deploy" / "calendars"))


def calendar_with(folder: Path) -> Calendar:
    """The library's calendar with the years that the files of `folder` give, each in the place of the library's.

    A file is as holiday-cn publishes it: `{"year": 2027, "days": [{"date": "2027-01-01", "isOffDay": true}, …]}`. Raises CalendarNotValid.
    """
    from chinese_calendar.constants import holidays, workdays

    exceptions = dict.fromkeys(holidays, False) | dict.fromkeys(workdays, True)
    years = frozenset(range(min(exceptions).year, max(exceptions).year + 1))
    named = [f"chinesecalendar-{version('chinesecalendar')}"]
    for file in sorted(folder.glob("[0-9][0-9][0-9][0-9].json")):
        raw = file.read_bytes()
        year, own = _year_of(file, raw)
        exceptions = {day: worked for day, worked in exceptions.items() if day.year != year} | own
        years |= {year}
        named.append(f"{year}-{hashlib.sha256(raw).hexdigest()[:8]}")
    return Calendar(":".join(named), years, exceptions)


def _year_of(file: Path, raw: bytes) -> tuple[int, dict[date, bool]]:
    try:
        said = json.loads(raw)
        days = {date.fromisoformat(one["date"]): one["isOffDay"] is False for one in said["days"]}
        year = int(said["year"])
    except (ValueError, KeyError, TypeError) as error:
        raise CalendarNotValid(f"{file}: not a year's days off: {type(error).__name__} {error}") from error
    if str(year) != file.stem or not days:
        raise CalendarNotValid(f"{file}: says {len(days)} days of the year {year}")
    return year, days


def due(start: datetime, clock: Clock, calendar: Calendar, *, pauses: Sequence[Pause] = (), extensions: Sequence[Extension] = ()) -> Due:
    """The end of the last day of `clock`, started at `start`, in China's time.

    The day of the start does not count and the last day counts whole (民法典 201, 203). A month ends on the same day
    number, or on the month's last day where there is none (民法典 202). The end is never moved off a day off: stricter than
    民法典 203, a project default. The day on which a pause begins does not count, the one on which it ends does; a month is longer
    by the days that it stood still. An extension in the clock's unit is counted with it, from the start; one in another unit from
    where the clock ends. Raises ValueError when `start` has no time zone or a pause ends before it begins.
    """
    if start.tzinfo is None:
        raise ValueError("a start without a time zone")
    last = start.astimezone(CHINA).date()
    stood, provisional = standing_days(pauses), False
    units = {clock.unit: clock.n}
    for extension in extensions:
        units[extension.unit] = units.get(extension.unit, 0) + extension.n
    for unit, n in units.items():
        last, unsure = _after(last, n, unit, calendar, stood)
        provisional = provisional or unsure
    return Due(datetime.combine(last, time.max, CHINA), provisional, calendar.version)


def standing_days(pauses: Sequence[Pause]) -> frozenset[date]:
    """The days in China that do not count because a clock stood still. Raises ValueError for a pause that ends before it begins."""
    days: set[date] = set()
    for pause in pauses:
        if pause.until < pause.since:
            raise ValueError("a pause that ends before it begins")
        first, last = pause.since.astimezone(CHINA).date(), pause.until.astimezone(CHINA).date()
        days.update(first + timedelta(days=i) for i in range((last - first).days))
    return frozenset(days)


def days_counted(first: date, last: date, unit: Unit, calendar: Calendar, stood: Collection[date] = ()) -> int:
    """How many days after `first`, up to and with `last`, count for a clock of this unit; months count by days."""
    days = (first + timedelta(days=i) for i in range(1, (last - first).days + 1))
    return sum(day not in stood and (unit != "workday" or calendar.is_workday(day)) for day in days)


def _after(day: date, n: int, unit: Unit, calendar: Calendar, stood: Collection[date]) -> tuple[date, bool]:
    """The last day of `n` units after `day`, and whether it is unsure for want of a calendar."""
    if unit == "workday":
        return _after_workdays(day, n, calendar, stood)
    end = day + timedelta(days=n) if unit == "day" else _after_months(day, n)
    return _made_good(day, end, stood), False


def _made_good(day: date, end: date, stood: Collection[date]) -> date:
    """`end` later by as many days as stood still before it, and by those that stand still on the way."""
    left = sum(day < one <= end for one in stood)
    while left:
        end += timedelta(days=1)
        left -= end not in stood
    return end


def _after_workdays(day: date, n: int, calendar: Calendar, stood: Collection[date]) -> tuple[date, bool]:
    provisional = False
    while n:
        day += timedelta(days=1)
        n -= calendar.is_workday(day) and day not in stood
        provisional = provisional or day.year not in calendar.years
    return day, provisional


def _after_months(day: date, n: int) -> date:
    years, month = divmod(day.month - 1 + n, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
