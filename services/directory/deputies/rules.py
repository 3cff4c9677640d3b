"""Pure decisions on mandates (代表法, articles 2, 61 and 62)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from services.directory.errors import DatesNotValid, MandateStatusForbids

MandateStatus = Literal["active", "suspended", "ended"]

_NEXT: Mapping[MandateStatus, tuple[MandateStatus, ...]] = {
    "active": ("suspended", "ended"),
    "suspended": ("active", "ended"),
    "ended": (),
}


def check_status(current: MandateStatus, wanted: MandateStatus) -> None:
    """Raises MandateStatusForbids: an ended mandate is over, and a status is not entered twice."""
    if wanted not in _NEXT[current]:
        raise MandateStatusForbids(where="status", current=current)


def check_dates(starts_on: date, ends_on: date | None) -> None:
    """Raises DatesNotValid unless the end, if known, comes after the start."""
    if ends_on is not None and ends_on <= starts_on:
        raise DatesNotValid(where="ends_on")
