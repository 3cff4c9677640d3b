"""Pure decisions on bulk jobs: how many cases one may have, and what a case looks like on a sheet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from services.routing.jobs.errors import NoCases, TooManyCases
from services.routing.rules import RUNNING
from services.routing.settings import RoutingPolicy
from shared.masking import mask
from shared.texts import text
from shared.workdays import CHINA

_HERE = Path(__file__).resolve().parent
_COLUMNS = (
    "number", "title", "region", "category", "phase", "status", "department", "co_handlers", "lane", "round", "due", "overdue", "opened"
)  # fmt: skip


def check_size(cases: int, most: int) -> None:
    """Passes for as many cases as one job may have. Raises NoCases, TooManyCases."""
    if not cases:
        raise NoCases
    if cases > most:
        raise TooManyCases(most=most)


def heading(lang: str) -> list[str]:
    """The heading of the sheet."""
    return [_say(f"column_{name}", lang) for name in _COLUMNS]


def sheet_row(policy: RoutingPolicy, names: Mapping[str, str], row: Mapping[str, Any], now: datetime, lang: str) -> list[Any]:
    """A case, numbers in its title masked, times as the clock in China shows them."""
    category = policy.category(row["category"])
    phase = next(phase for phase in policy.phases if row["status"] in phase.of)
    due = row["reply_due_at"]
    late = due is not None and due < now and row["status"] in RUNNING
    return [
        row["number"],
        mask(row["title"]),
        row["region"],
        getattr(category.label, lang) if category and category.label else row["category"],
        getattr(phase.label, lang),
        _say(f"status_{row['status']}", lang),
        names.get(row["lead"], row["lead"]),
        _say("between", lang).join(names.get(one, one) for one in row["co_handlers"]),
        _say(f"lane_{row['lane']}", lang),
        row["round"],
        _local(due) if due else None,
        _say("yes" if late else "no", lang),
        _local(row["opened_at"]),
    ]


def _local(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def _say(key: str, lang: str) -> str:
    return str(text(_HERE, key, lang))
