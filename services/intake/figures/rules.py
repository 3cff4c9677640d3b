"""Pure decisions on figures: windows, shares with their base, what may be exported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from services.intake.civil import moment_of
from services.intake.figures.errors import ExportPurposeUnknown, ExportTooLarge, WindowUpsideDown
from services.intake.figures.settings import ExportPolicy


def moments(since: date, until: date) -> tuple[datetime, datetime]:
    """From the first moment of `since` to the first after `until`, by the calendar in China. Raises WindowUpsideDown."""
    if until < since:
        raise WindowUpsideDown(where="until")
    return moment_of(since, time()), moment_of(until + timedelta(days=1), time())


@dataclass(frozen=True, slots=True)
class Share:
    """`n` of `of`. `percent` at one decimal, None when there is nothing that it could be a share of."""

    n: int
    of: int
    percent: Decimal | None


def share(n: int, of: int) -> Share:
    """A share with its base."""
    return Share(n, of, (Decimal(100 * n) / of).quantize(Decimal("0.1"), ROUND_HALF_UP) if of else None)


def check_export(policy: ExportPolicy, purpose: str, rows: int) -> None:
    """Passes for a purpose of the list and as many rows as may go out at once. Raises ExportPurposeUnknown, ExportTooLarge."""
    if all(one.code != purpose for one in policy.purposes):
        raise ExportPurposeUnknown(purpose=purpose, where="purpose")
    if rows > policy.most_rows:
        raise ExportTooLarge(rows=rows, most_rows=policy.most_rows)
