"""Facts that routing tells: where a matter went, by when, and what came of it.

Each carries `case_version`, the version of the case after the fact: a projection keeps the newest it has seen.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar, Literal

from shared.events.base import Event
from shared.events.intake import RatingLevel


class CaseEvent(Event):
    """What all facts about a case share. `opinion_id` is the id of its matter: of an opinion, or of a suggestion when `matter` says so."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "case_id"

    case_id: uuid.UUID
    opinion_id: uuid.UUID
    number: str
    case_version: int
    round: int
    matter: Literal["opinion", "suggestion"] = "opinion"
    part_of: uuid.UUID | None = None
    """The first case of the matter that this one was split off (分办). The matter's sender follows the first, which tells all answers."""


class CaseOpened(CaseEvent):
    """A case was opened for an opinion or a suggestion."""

    region: str
    category: str | None


class CategoryCorrected(CaseEvent):
    """The desk corrected the category that intake proposed: the label to train the classifier with."""

    proposed: str | None
    corrected: str


class CaseAssigned(CaseEvent):
    """A case was handed over (交办): the legal clock starts. Concerns the whole case; departments get `AssignmentMade`."""

    category: str | None
    lead: str
    co_handlers: tuple[str, ...]
    by: Literal["rule", "desk"]
    reply_due_at: datetime
    due_is_provisional: bool


class AssignmentMade(Event):
    """One organisation was given a part in a case. One event per organisation, addressed to it alone."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "assignment_id"
    addressed: ClassVar[bool] = True

    assignment_id: uuid.UUID
    case_id: uuid.UUID
    number: str
    organisation: str
    part: Literal["lead", "co_handler"]
    round: int
    category: str | None
    title: str
    text: str
    due_at: datetime


class AssignmentWithdrawn(Event):
    """A case was handed to others, and this organisation has no part in it any more. Addressed to it alone."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "case_id"
    addressed: ClassVar[bool] = True

    case_id: uuid.UUID
    number: str
    organisation: str
    round: int


class CaseAccepted(CaseEvent):
    """The lead department took the case on."""

    department: str


class CaseObjected(CaseEvent):
    """The department says the matter is not its own; the desk decides. The reason is masked."""

    department: str
    reason: str


class CaseReplied(CaseEvent):
    """The lead department replied in a round. `counts_as_done` and `counts_as_promise` follow the profile's class."""

    department: str
    result_class: str
    counts_as_done: bool
    counts_as_promise: bool
    text: str
    signer: str
    replied_at: datetime
    on_time: bool


class CaseReopened(CaseEvent):
    """The next round was opened, `round` is the new one; earlier rounds stay as they were.

    `because`: of a rating of not satisfied, or because a second appraisal failed (二次评价、二次交办).
    """

    department: str
    reply_due_at: datetime
    because: Literal["not_satisfied", "second_appraisal"] = "not_satisfied"


class CaseClosed(CaseEvent):
    """A rating closed the case."""

    department: str
    level: RatingLevel


class CaseWithdrawn(CaseEvent):
    """A case ended before it was closed: its sender took the matter back, or is content with a deputy's answer, or the desk took back
    a part that had been split off."""

    reason: Literal["by_sender", "answered_by_rep", "taken_back"]


class RatingNotCounted(CaseEvent):
    """A rating had no effect, and why."""

    rated_round: int
    reason: Literal["not_replied", "stale_round", "already_rated", "closed"]


class CaseOverdue(CaseEvent):
    """The reply was not there when its deadline passed. Exactly one per case and round."""

    department: str
    due_at: datetime
