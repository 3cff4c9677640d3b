"""Pure decisions on look-backs: what may be selected, and when a finding stands."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.routing.look_backs.errors import (
    LookBackFilling,
    LookBackIsClosed,
    LookedInFuture,
    NotReplied,
    OnlyUndoneIsSupervised,
)
from services.routing.models import CaseState
from services.routing.supervising.settings import Finding

State = Literal["filling", "open", "closed"]
FINDINGS: tuple[Finding, ...] = ("done", "in_progress", "not_done")


@dataclass(frozen=True, slots=True)
class Selection:
    """What to look back at: cases whose newest reply is of a class and of a year; promises that are overdue, of the years up to `year` if
    one is given; or cases by their ids."""

    kind: Literal["class", "overdue_promises", "cases"]
    result_class: str | None = None
    year: int | None = None
    department: str | None = None
    cases: tuple[uuid.UUID, ...] = ()

    def said(self) -> dict[str, Any]:
        """As it is kept."""
        listed = {"cases": [str(one) for one in self.cases]} if self.cases else {}
        plain = {"kind": self.kind, "result_class": self.result_class, "year": self.year, "department": self.department}
        return {key: value for key, value in plain.items() if value is not None} | listed


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of an item, what shows it, by the office of whom, and when; since when it is done; whether to supervise it again."""

    finding: Finding
    evidence: str
    looked_by: str
    looked_at: datetime
    delivered_at: datetime | None
    supervised: bool


def check_open(state: str) -> None:
    """Raises LookBackFilling or LookBackIsClosed."""
    if state == "filling":
        raise LookBackFilling
    if state == "closed":
        raise LookBackIsClosed


def check_finding(case: CaseState, found: Found, at: datetime) -> None:
    """Raises LookedInFuture, OnlyUndoneIsSupervised or NotReplied."""
    if found.looked_at > at:
        raise LookedInFuture(where="looked_at")
    if found.supervised and found.finding != "not_done":
        raise OnlyUndoneIsSupervised(where="supervise")
    if found.supervised and (case.status == "withdrawn" or case.result_class is None):
        raise NotReplied(number=case.number, state=case.status, current=case.version)
