"""Pure decisions on promises: which reply needs one, by which day, and what may become of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Literal

from services.routing.promises.errors import (
    DeliveryNotPossible,
    NothingToRate,
    PromiseDayUnchanged,
    PromiseMissing,
    PromiseNotLater,
    PromiseNotNeeded,
    PromiseSettled,
)
from services.routing.promises.models import Promise
from services.routing.settings import ResultClass
from shared.workdays import CHINA

State = Literal["open", "changed", "kept", "ended"]
OWED: tuple[State, ...] = ("open", "changed")
"""Something is still to be delivered."""


@dataclass(frozen=True, slots=True)
class Pledge:
    """What is promised, and by which day."""

    promised: str
    promised_by: date


def day_of(moment: datetime) -> date:
    """The day in China."""
    return moment.astimezone(CHINA).date()


def end_of(day: date) -> datetime:
    """The last moment of a day in China."""
    return datetime.combine(day, time.max, CHINA).astimezone(UTC)


def pledged(known: ResultClass, promised: str | None, promised_by: date | None, at: datetime) -> Pledge | None:
    """The promise that a reply of a class makes at a moment (重庆: 承诺事项台账).
    Raises PromiseMissing, PromiseNotNeeded or PromiseNotLater."""
    if not known.counts_as_promise:
        if promised is not None or promised_by is not None:
            raise PromiseNotNeeded(where="promised_by" if promised_by else "promised")
        return None
    if promised is None or promised_by is None:
        raise PromiseMissing(where="promised" if promised_by else "promised_by")
    check_later(promised_by, at)
    return Pledge(promised, promised_by)


def check_later(promised_by: date, at: datetime) -> None:
    """Raises PromiseNotLater unless the promised day comes after that of `at`."""
    if promised_by <= day_of(at):
        raise PromiseNotLater(where="promised_by", after=day_of(at).isoformat())


def check_owed(promise: Promise) -> None:
    """Raises PromiseSettled when nothing is owed any more."""
    if promise.state not in OWED:
        raise PromiseSettled(number=promise.number, state=promise.state, current=promise.version)


def check_change(promise: Promise, promised_by: date, at: datetime) -> None:
    """Raises PromiseSettled, PromiseDayUnchanged or PromiseNotLater."""
    check_owed(promise)
    if promised_by == promise.promised_by:
        raise PromiseDayUnchanged(where="promised_by")
    check_later(promised_by, at)


def check_delivery(promise: Promise, delivered_at: datetime, at: datetime) -> None:
    """Raises DeliveryNotPossible for a delivery after `at`, or before the day of the promise."""
    if delivered_at > at or day_of(delivered_at) < day_of(promise.made_at):
        raise DeliveryNotPossible(where="delivered_at")


def check_rating(promise: Promise, news: int, ratings: int) -> None:
    """Raises NothingToRate unless the promise was kept or changed since it was rated last: `news` times, rated `ratings` times."""
    if promise.state not in ("kept", "changed") or ratings >= news:
        raise NothingToRate(state=promise.state, current=promise.version)
