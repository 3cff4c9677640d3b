"""Pure decisions on contacts: periods, who is below a minimum, what may be entered."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from services.intake.contacts.errors import ContactDayNotAccepted, KindUnknown, LinkNotOfKind
from services.intake.contacts.settings import ContactPolicy, Kind, Minimum
from shared.events.intake_contacts import LinkKind, Period

_MONTHS: Mapping[Period, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Span:
    """A period: its first and its last day."""

    starts_on: date
    ends_on: date


def period_of(period: Period, day: date) -> Span:
    """The month, quarter or year that a day lies in."""
    months = _MONTHS[period]
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    return Span(date(day.year, first, 1), date(day.year, last, monthrange(day.year, last)[1]))


def reminder_due(minimum: Minimum, today: date) -> Span | None:
    """The period whose end is near enough to remind of it, or None."""
    span = period_of(minimum.period, today)
    return span if today > span.ends_on - timedelta(days=minimum.remind_days) else None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a deputy stands in a year: `done` of `owed` in all, and in how many of the year's `periods` the minimum was met."""

    done: int
    owed: int
    met: int
    periods: int


def standing(minimum: Minimum, by_month: Mapping[int, int]) -> Standing:
    """How a year with so many contacts in each month stands to a minimum. Twelve in January meet one month, not twelve."""
    months = _MONTHS[minimum.period]
    periods = 12 // months
    each = [sum(by_month.get(month, 0) for month in range(p * months + 1, (p + 1) * months + 1)) for p in range(periods)]
    return Standing(sum(each), minimum.at_least * periods, sum(1 for n in each if n >= minimum.at_least), periods)


def kind_of(policy: ContactPolicy, code: str) -> Kind:
    """The kind of contact of that code. Raises KindUnknown."""
    kind = policy.kind(code)
    if kind is None:
        raise KindUnknown(kind=code, where="kind")
    return kind


def check_day(policy: ContactPolicy, on: date, today: date) -> None:
    """Passes for a day that has come and is not too long ago. Raises ContactDayNotAccepted."""
    if not today - timedelta(days=policy.enter_within_days) <= on <= today:
        raise ContactDayNotAccepted(days=policy.enter_within_days, where="on")


def check_link(kind: LinkKind, *, to_deputy: bool, to_itself: bool) -> None:
    """Passes when a link leads to what its kind links: a deputy, or the people of a region. Raises LinkNotOfKind."""
    if to_deputy == (kind == "deputy_people") or to_itself:
        raise LinkNotOfKind(where="to_deputy_id")
