"""Pure decisions on an opinion on its way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from services.intake.course.errors import (
    NoRepAnswer,
    NotInThisStatus,
    OpinionIsAnswered,
    OpinionIsOver,
    RepAnswerIsJudged,
    RepAnswerTooLate,
    RepHasAnswered,
    TooManySupplements,
)
from services.intake.rules import FINAL

Closing = Literal["resolved_by_unit", "answered_by_rep", "withdrawn"]
LAST = 2_000_000_000
"""The version that what ends in intake itself writes over the case's: no event that is still on its way moves it again."""


def closing_of(status: str) -> Closing | None:
    """How an opinion ended. What a deputy answered alone is never told as solved by a unit (代表法 31)."""
    match status:
        case "closed":
            return "resolved_by_unit"
        case "answered_by_rep":
            return "answered_by_rep"
        case "withdrawn":
            return "withdrawn"
    return None


def check_status(status: str, replied_round: int, round_: int, allowed: Sequence[str]) -> None:
    """Passes in an allowed status before the round's reply. Raises OpinionIsOver, OpinionIsAnswered, NotInThisStatus."""
    if status in FINAL:
        raise OpinionIsOver(status=status)
    if replied_round >= round_:
        raise OpinionIsAnswered(status=status)
    if status not in allowed:
        raise NotInThisStatus(status=status, allowed=list(allowed))


def check_supplements(held: int, most: int) -> None:
    """Passes when there may be one more. Raises TooManySupplements."""
    if held >= most:
        raise TooManySupplements(most=most)


def check_rep_answer(state: str | None, submitted_at: datetime, at: datetime, hours: int) -> None:
    """Passes within the hours while no deputy has answered. Raises RepHasAnswered, RepAnswerTooLate."""
    if state is not None and state != "missed":
        raise RepHasAnswered()
    until = submitted_at + timedelta(hours=hours)
    if at > until or state == "missed":
        raise RepAnswerTooLate(until=until.isoformat(timespec="seconds"))


def check_judging(state: str | None) -> None:
    """Passes while an answer waits for the sender's word. Raises NoRepAnswer, RepAnswerIsJudged."""
    if state is None or state == "missed":
        raise NoRepAnswer()
    if state != "answered":
        raise RepAnswerIsJudged()
