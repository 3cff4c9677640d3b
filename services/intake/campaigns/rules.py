"""Pure decisions on calls for opinions: where in its window a call is, and what may still be changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, Protocol

from services.intake.campaigns.errors import (
    CampaignIsClosed,
    CampaignIsReported,
    CampaignNotOpenYet,
    CampaignStillOpen,
    CategoryNotAsked,
    CategoryUnknown,
    WindowHasBegun,
    WindowNotInOrder,
)

State = Literal["planned", "open", "closed"]


class Window(Protocol):
    """What the rules look at in a call."""

    opens_on: date
    closes_on: date
    categories: list[str]
    closed_because: str | None
    outcome: str | None


def state_of(call: Window, today: date) -> State:
    """Where a call is on a day; its last day counts whole. One closed early is closed at once."""
    if call.closed_because is not None or call.closes_on < today:
        return "closed"
    return "open" if call.opens_on <= today else "planned"


def check_answer(call: Window, today: date, chosen: str | None) -> None:
    """Passes when an opinion may be sent to a call. Raises CampaignNotOpenYet, CampaignIsClosed, CategoryNotAsked."""
    match state_of(call, today):
        case "planned":
            raise CampaignNotOpenYet(opens_on=call.opens_on.isoformat(), where="code")
        case "closed":
            raise CampaignIsClosed(closes_on=min(call.closes_on, today).isoformat(), where="code")
    if chosen is not None and call.categories and chosen not in call.categories:
        raise CategoryNotAsked(asked="、".join(call.categories), where="category")


def check_categories(wanted: Sequence[str], known: Sequence[str]) -> None:
    """Passes when the place knows each category. Raises CategoryUnknown."""
    for category in wanted:
        if category not in known:
            raise CategoryUnknown(category=category, where="categories")


def check_window(opens_on: date, closes_on: date, today: date) -> None:
    """Passes for a window that is not over. Raises WindowNotInOrder."""
    if closes_on < opens_on or closes_on < today:
        raise WindowNotInOrder(where="closes_on")


def check_change(call: Window, today: date, *, only_last_day: bool) -> None:
    """Passes when a call may be changed so. Raises WindowHasBegun, CampaignIsClosed."""
    state = state_of(call, today)
    if state == "closed":
        raise CampaignIsClosed(closes_on=min(call.closes_on, today).isoformat())
    if state == "open" and not only_last_day:
        raise WindowHasBegun()


def check_report(call: Window, today: date) -> None:
    """Passes when the outcome may be published. Raises CampaignStillOpen, CampaignIsReported."""
    if call.outcome is not None:
        raise CampaignIsReported()
    if state_of(call, today) != "closed":
        raise CampaignStillOpen()
