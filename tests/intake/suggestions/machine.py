"""The state machine as the handbook has it, written down by hand, and how to bring a paper into each status."""

from __future__ import annotations

from typing import Any

from tests import kit
from tests.intake.suggestions.conftest import LEAD, Paper, begun, deputy, office, township

ENDS: dict[tuple[str, str], tuple[str, str]] = {
    ("draft", "pre_submit"): ("pre_submitted", "SuggestionPreSubmitted"),
    ("returned_to_draft", "pre_submit"): ("pre_submitted", "SuggestionPreSubmitted"),
    ("pre_submitted", "pass"): ("passed", "SuggestionPassed"),
    ("pre_submitted", "return"): ("returned_to_draft", "SuggestionReturned"),
    ("pre_submitted", "take_back"): ("draft", "SuggestionTakenBack"),
    ("passed", "take_back"): ("draft", "SuggestionTakenBack"),
    ("draft", "submit"): ("submitted", "SuggestionSubmitted"),
    ("returned_to_draft", "submit"): ("submitted", "SuggestionSubmitted"),
    ("passed", "submit"): ("submitted", "SuggestionSubmitted"),
    ("submitted", "check"): ("checked", "SuggestionChecked"),
    ("submitted", "refuse"): ("refused", "SuggestionRefused"),
    ("refused", "pass_on"): ("refused", "SuggestionPassedOnAsLetter"),
    ("submitted", "put_on_agenda"): ("on_agenda", "BillPutOnAgenda"),
    ("submitted", "turn"): ("submitted", "BillTurnedIntoSuggestion"),
    ("draft", "withdraw"): ("withdrawn", "SuggestionWithdrawn"),
    ("returned_to_draft", "withdraw"): ("withdrawn", "SuggestionWithdrawn"),
    ("pre_submitted", "withdraw"): ("withdrawn", "SuggestionWithdrawn"),
    ("passed", "withdraw"): ("withdrawn", "SuggestionWithdrawn"),
    ("submitted", "withdraw"): ("withdrawn", "SuggestionWithdrawn"),
    ("checked", "withdraw"): ("checked", "SuggestionWithdrawalAsked"),
}
"""What the handbook says (section 1), by hand and not from the code: where an action leads, and what is told of it."""

ONLY_BILLS, NEVER_BILLS = ("put_on_agenda", "turn"), ("check",)
ONCE = {"pass_on": "SuggestionPassedOnAsLetter", "withdraw": "SuggestionWithdrawalAsked"}
"""Actions that lead to the status they started from are done once."""

DOORS: dict[str, tuple[str, str, Any, Any]] = {
    "pre_submit": ("POST", "/pre-submission", None, lambda: deputy(LEAD)),
    "pass": ("POST", "/pass", None, township),
    "return": ("POST", "/return", {"reason": "请补充数据"}, township),
    "take_back": ("DELETE", "/pre-submission", None, lambda: deputy(LEAD)),
    "submit": ("POST", "/submission", None, lambda: deputy(LEAD)),
    "check": ("POST", "/check", {}, office),
    "refuse": ("POST", "/refusal", {"ground": "own_matter", "reason": "个人问题"}, office),
    "pass_on": ("POST", "/letter", {"organisation": "housing"}, office),
    "put_on_agenda": ("POST", "/agenda", None, office),
    "turn": ("POST", "/turn", {"reason": "未列入议程"}, office),
    "withdraw": ("POST", "/withdrawal", {"reason": "情况已经变化"}, lambda: deputy(LEAD)),
}
PATHS: dict[str, tuple[str, ...]] = {
    "draft": (),
    "pre_submitted": ("pre_submit",),
    "returned_to_draft": ("pre_submit", "return"),
    "passed": ("pre_submit", "pass"),
    "submitted": ("submit",),
    "checked": ("submit", "check"),
    "refused": ("submit", "refuse"),
    "on_agenda": ("submit", "put_on_agenda"),
    "withdrawn": ("withdraw",),
}
CHANGES = {"levels": {"county": {"office_digits": 6, "bill_signers": 1}, "township": {"office_digits": 9, "bill_signers": 1}}}


def expected(status: str, action: str, kind: str, told: list[str]) -> tuple[str, str] | None:
    """Where an action leads and what it tells, or None where it is refused."""
    if (action in ONLY_BILLS and kind != "bill") or (action in NEVER_BILLS and kind == "bill"):
        return None
    found = ENDS.get((status, action))
    return None if found and ONCE.get(action) == found[1] and found[1] in told else found


async def knock(paper: Paper, action: str, who: dict[str, str] | None = None, version: int | None = None) -> Any:
    """Tries an action through its door."""
    method, door, body, usual = DOORS[action]
    return await paper.call(method, door, who or usual(), body, version)


async def reached(service: kit.Running, status: str) -> Paper:
    """A paper in a status; a bill where only a bill comes to it."""
    paper = await begun(service, kind="bill" if status == "on_agenda" else "suggestion", raised_in="congress")
    for action in PATHS[status]:
        answer = await knock(paper, action)
        assert answer.status_code == 200, answer.text
    return paper
