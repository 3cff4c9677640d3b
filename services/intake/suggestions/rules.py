"""Pure decisions on suggestions: what may follow what, what a form lacks, and who must have agreed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args

from services.intake.suggestions import errors
from services.intake.suggestions.content import Content
from services.intake.suggestions.settings import Level, Part, Session, Status, SuggestionsPolicy
from shared.errors import Refused
from shared.events import intake_suggestions as told
from shared.events.intake_suggestions import Point, RaisedIn, SuggestionEvent
from shared.workdays import CHINA

Action = Literal[
    "pre_submit",
    "pass",
    "return",
    "take_back",
    "submit",
    "check",
    "refuse",
    "pass_on",
    "put_on_agenda",
    "turn",
    "withdraw",
    "ask_withdrawal",
]


@dataclass(frozen=True, slots=True)
class Transition:
    """From any of `statuses` the action leads to `next`, and `event` tells so."""

    statuses: tuple[Status, ...]
    action: Action
    next: Status
    event: type[SuggestionEvent]


TRANSITIONS = (
    Transition(("draft", "returned_to_draft"), "pre_submit", "pre_submitted", told.SuggestionPreSubmitted),
    Transition(("pre_submitted",), "pass", "passed", told.SuggestionPassed),
    Transition(("pre_submitted",), "return", "returned_to_draft", told.SuggestionReturned),
    Transition(("pre_submitted", "passed"), "take_back", "draft", told.SuggestionTakenBack),
    Transition(("draft", "returned_to_draft", "passed"), "submit", "submitted", told.SuggestionSubmitted),
    Transition(("submitted",), "check", "checked", told.SuggestionChecked),
    Transition(("submitted",), "refuse", "refused", told.SuggestionRefused),
    Transition(("refused",), "pass_on", "refused", told.SuggestionPassedOnAsLetter),
    Transition(("submitted",), "put_on_agenda", "on_agenda", told.BillPutOnAgenda),
    Transition(("submitted",), "turn", "submitted", told.BillTurnedIntoSuggestion),
    Transition(("draft", "returned_to_draft", "pre_submitted", "passed", "submitted"), "withdraw", "withdrawn", told.SuggestionWithdrawn),
    Transition(("checked",), "ask_withdrawal", "checked", told.SuggestionWithdrawalAsked),
)
"""The whole state machine (domain, section 1; decision record 0020)."""

DRAFTS: tuple[Status, ...] = ("draft", "returned_to_draft")
"""The lead works on the text."""
BEFORE_SUBMISSION: tuple[Status, ...] = (*DRAFTS, "pre_submitted", "passed")
"""Deputies may still sign, or take their signature back."""

FORBIDDEN_BY: dict[str, type[Refused]] = {
    "draft": errors.SuggestionIsDraft,
    "returned_to_draft": errors.SuggestionIsDraft,
    "pre_submitted": errors.SuggestionUnderTownshipCheck,
    "passed": errors.SuggestionPassedByTownship,
    "submitted": errors.SuggestionAlreadySubmitted,
    "checked": errors.SuggestionAlreadyChecked,
    "refused": errors.SuggestionAlreadyRefused,
    "on_agenda": errors.BillIsOnAgenda,
    "withdrawn": errors.SuggestionIsWithdrawn,
}
"""The fact that forbids whatever a status has no transition for."""

_BY_PAIR: dict[tuple[str, str], Transition] = {(status, t.action): t for t in TRANSITIONS for status in t.statuses}


def transition(status: str, action: Action) -> Transition:
    """The transition that `action` makes from `status`. Raises the refusal that names why there is none."""
    found = _BY_PAIR.get((status, action))
    if found is None:
        raise FORBIDDEN_BY[status](where="status")
    return found


def check_in(status: str, allowed: Collection[str]) -> None:
    """Raises the refusal that a status is the reason for, unless it is one of `allowed`."""
    if status not in allowed:
        raise FORBIDDEN_BY[status](where="status")


def day_of(moment: datetime) -> date:
    """The calendar day in China of a moment."""
    return moment.astimezone(CHINA).date()


def congress_of(policy: SuggestionsPolicy, level: str, region: str) -> tuple[Level, str]:
    """The rules of a level and the region of its congress's office. Raises LevelRaisesElsewhere."""
    found = policy.levels.get(level)  # type: ignore[call-overload]
    if found is None:
        raise errors.LevelRaisesElsewhere(level=level)
    return found, region[: found.office_digits]


def check_form(policy: SuggestionsPolicy, categories: Collection[str], content: Content) -> None:
    """Whether the codes in a form are the place's. Raises UnknownChoice with those that there are."""
    choices: tuple[tuple[str, Sequence[str], Collection[str]], ...] = (
        ("category", [content.category] if content.category else [], categories),
        ("formed_by", content.formed_by, [one.code for one in policy.formed_by]),
        ("raised_before", [content.raised_before] if content.raised_before else [], [one.code for one in policy.raised_before]),
        ("conflicts", list(content.conflicts), [one.code for one in policy.conflict_questions]),
    )
    for field, chosen, known in choices:
        if set(chosen) - set(known):
            raise errors.UnknownChoice(field=field, known=sorted(known), where=field)


def check_complete(policy: SuggestionsPolicy, content: Content) -> None:
    """Whether a form may be handed to an office (代表法 24, 36: 明确具体).

    Raises FormIncomplete, BillOnlyAtCongress, ConflictOfInterest (代表法 59).
    """
    missing = [part for part in get_args(Part) if len(getattr(content, part)) < policy.limits.least.get(part, 0)]
    if not content.title:
        missing.insert(0, "title")
    if policy.limits.formed_by_required and not content.formed_by:
        missing.append("formed_by")
    missing += [f"conflicts.{one.code}" for one in policy.conflict_questions if one.code not in content.conflicts]
    if missing:
        raise errors.FormIncomplete(missing=missing, listed="、".join(missing), where=missing[0])
    if content.kind == "bill" and content.raised_in != "congress":
        raise errors.BillOnlyAtCongress(where="raised_in")
    if blocking := [one.code for one in policy.conflict_questions if one.blocks and content.conflicts[one.code]]:
        raise errors.ConflictOfInterest(questions=blocking, where=f"conflicts.{blocking[0]}")


def session_for(policy: SuggestionsPolicy, level: str, raised_in: str, today: date) -> Session | None:
    """The session that a suggestion raised today belongs to, None in recess. Raises CongressNotInSession with the next day that is."""
    if raised_in == "recess":
        return None
    found = policy.session_on(level, today)
    if found is None:
        coming = policy.next_session(level, today)
        known = {"opens_on": coming.submit_from.isoformat()} if coming else {}
        raise errors.CongressNotInSession(where="raised_in", **known)
    return found


def check_pre_submission(policy: SuggestionsPolicy, raised_in: RaisedIn) -> None:
    """Whether the place has a pre-submission for this. Raises PreSubmissionNotUsed."""
    if raised_in not in policy.pre_submission.allowed_for:
        raise errors.PreSubmissionNotUsed(where="raised_in")


def check_gates(policy: SuggestionsPolicy, raised_in: RaisedIn, status: str, answered: Collection[str], *, confidential: bool) -> None:
    """Whether what the place asks for before a submission was done. Raises PreSubmissionNeeded, PreChecksMissing.

    A confidential suggestion needs no pre-check: no adviser may read it.
    """
    if raised_in in policy.pre_submission.required_for and status != "passed":
        raise errors.PreSubmissionNeeded(where="status")
    open_points = [point for point in get_args(Point) if point not in answered]
    if raised_in in policy.pre_checks_required_for and open_points and not confidential:
        raise errors.PreChecksMissing(points=open_points, where="pre_checks")


def check_signers(rule: Level, kind: str, signers: int) -> None:
    """Whether a bill has the deputies that the law asks for, the lead among them. Raises TooFewSigners."""
    if kind == "bill" and signers < rule.bill_signers:
        raise errors.TooFewSigners(signers=signers, needed=rule.bill_signers, where="co_signers")


def withdrawal_action(policy: SuggestionsPolicy, status: str) -> Action:
    """What a wish to withdraw comes to in this status. Raises WithdrawalTooLate, or what the status forbids."""
    until = policy.withdrawal.until
    limit: dict[str, tuple[str, ...]] = {
        "submission": BEFORE_SUBMISSION,
        "check": (*BEFORE_SUBMISSION, "submitted"),
        "hand_over": (*BEFORE_SUBMISSION, "submitted", "checked"),
        "reply": (*BEFORE_SUBMISSION, "submitted", "checked"),
    }
    action: Action = "ask_withdrawal" if status == "checked" else "withdraw"
    transition(status, action)
    if status not in limit[until]:
        raise errors.WithdrawalTooLate(until=until, where="status")
    return action


def needs_all(policy: SuggestionsPolicy, status: str, co_signers: int) -> bool:
    """Whether the co-signers must agree to a withdrawal: once it is submitted it is theirs too (上海 2015: 联名的须全体同意)."""
    return policy.withdrawal.joint_needs_all and co_signers > 0 and status in ("submitted", "checked")


def goes_on_in_same_version(policy: SuggestionsPolicy, began_at: datetime, at: datetime, *, read_by_others: bool) -> bool:
    """Whether an autosave changes the newest version instead of beginning another."""
    return not read_by_others and at - began_at < timedelta(minutes=policy.drafts.one_version_minutes)


def text_of(policy: SuggestionsPolicy, content: Content) -> str:
    """The whole text, each part under its Chinese name."""
    parts = [(part, getattr(content, part)) for part in get_args(Part)]
    return "\n\n".join(f"【{policy.parts[part].zh}】\n{text}" for part, text in parts if text)
