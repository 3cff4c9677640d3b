"""Days and times as the calendar and the clock on the wall show them, in China."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from shared.workdays import CHINA


def day_of(moment: datetime) -> date:
    """The calendar day in China of a moment."""
    return moment.astimezone(CHINA).date()


def moment_of(day: date, at: time) -> datetime:
    """The moment, in UTC, at which the clock in China shows `at` on `day`."""
    return datetime.combine(day, at, CHINA).astimezone(UTC)
