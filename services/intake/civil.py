"""Days and times as the calendar and the clock on the wall show them, in China."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

from shared.workdays import CHINA


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment as clients send it, in whatever zone; kept and told in UTC."""


def day_of(moment: datetime) -> date:
    """The calendar day in China of a moment."""
    return moment.astimezone(CHINA).date()


def moment_of(day: date, at: time) -> datetime:
    """The moment, in UTC, at which the clock in China shows `at` on `day`."""
    return datetime.combine(day, at, CHINA).astimezone(UTC)
