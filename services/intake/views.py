"""What the answers look like: labels of the profile put to codes, and nothing personal."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import cast

from pydantic import BaseModel

from services.intake import rules
from services.intake.course.rules import Closing, closing_of
from services.intake.errors import LabelSetUnknown
from services.intake.labels import Label
from services.intake.models import Opinion, Rating, TimelineEntry
from services.intake.settings import IntakePolicy, Kind, Step
from shared.masking import mask

_EXCERPT = 200


class StepOut(BaseModel):
    """One of the place's steps, and whether the opinion stands in it now."""

    code: str
    label: str
    current: bool


class EntryOut(BaseModel):
    """One thing that happened. `text` is the department's reply or what it promises by `due_on`, `level` the sender's own rating."""

    at: datetime
    kind: str
    label: str
    round: int
    department: str | None = None
    text: str | None = None
    result_class: str | None = None
    result_label: str | None = None
    level: str | None = None
    reason: str | None = None
    due_on: date | None = None


class TrackOut(BaseModel):
    """An opinion as its sender sees it."""

    number: str
    title: str
    submitted_at: datetime
    status: str
    status_label: str
    steps: list[StepOut]
    round: int
    can_rate: bool
    closing: Closing | None
    can_judge_rep_answer: bool
    timeline: list[EntryOut]


class ListedOut(BaseModel):
    """An opinion in a list for staff. Telephone and identity numbers in the texts are masked."""

    id: uuid.UUID
    number: str
    status: str
    status_label: str
    round: int
    channel: str
    target_id: uuid.UUID
    region: str
    category: str | None
    category_label: str | None
    category_source: str
    title: str
    excerpt: str
    submitted_at: datetime
    case_id: uuid.UUID | None


def track_out(
    policy: IntakePolicy,
    opinion: Opinion,
    entries: Sequence[tuple[TimelineEntry, str | None]],
    ratings: Sequence[Rating],
    lang: str,
    labels: str | None = None,
) -> TrackOut:
    """The sender's view, told in the steps of a label set. Accepting and the sender's ratings are no events of others: they are
    put in here. Raises LabelSetUnknown."""
    progress = policy.progress
    timeline = [EntryOut(at=opinion.submitted_at, kind="accepted", label=_in(progress["accepted"].label, lang), round=1)]
    timeline += [_entry_out(policy, entry, department, lang) for entry, department in entries]
    timeline += [
        EntryOut(at=r.rated_at, kind="rated", label=_in(progress["rated"].label, lang), round=r.round, level=r.level) for r in ratings
    ]
    timeline.sort(key=lambda e: e.at)
    steps, step = _steps(policy, opinion, labels)
    kinds = {entry.kind for entry in timeline}
    return TrackOut(
        number=opinion.number,
        title=mask(opinion.title),
        submitted_at=opinion.submitted_at,
        status=opinion.status,
        status_label=_status_label(policy, opinion, lang),
        steps=[StepOut(code=s.code, label=_in(s.label, lang), current=s.code == step) for s in steps],
        round=opinion.round,
        can_rate=rules.can_rate(opinion.status, opinion.round, opinion.replied_round, {r.round for r in ratings}),
        closing=closing_of(opinion.status),
        can_judge_rep_answer="answered_by_rep" in kinds and opinion.status not in rules.FINAL and opinion.replied_round < opinion.round,
        timeline=timeline,
    )


def _steps(policy: IntakePolicy, opinion: Opinion, labels: str | None) -> tuple[Sequence[Step], str]:
    """The steps of a label set, the place's own unless another is named, and the one that the opinion stands in."""
    status = cast(Kind, opinion.status)
    if labels is None:
        return policy.steps, policy.progress[status].step
    found = next((one for one in policy.label_sets if one.code == labels), None)
    if found is None:
        raise LabelSetUnknown(where="labels", known=[one.code for one in policy.label_sets])
    return found.steps, found.of[status]


def _entry_out(policy: IntakePolicy, entry: TimelineEntry, department: str | None, lang: str) -> EntryOut:
    result = policy.result_labels.get(entry.result_class or "")
    return EntryOut(
        at=entry.at,
        kind=entry.kind,
        label=_in(policy.progress[cast(Kind, entry.kind)].label, lang),
        round=entry.round,
        department=department,
        text=entry.text,
        result_class=entry.result_class,
        result_label=_in(result, lang) if result else None,
        reason=entry.reason,
        due_on=entry.due_on,
    )


def listed_out(policy: IntakePolicy, opinion: Opinion, beginning: str, lang: str) -> ListedOut:
    """The staff's view."""
    category = next((c for c in policy.categories if c.code == opinion.category), None)
    return ListedOut(
        id=opinion.id,
        number=opinion.number,
        status=opinion.status,
        status_label=_status_label(policy, opinion, lang),
        round=opinion.round,
        channel=opinion.channel,
        target_id=opinion.target_id,
        region=opinion.region,
        category=opinion.category,
        category_label=_in(category.label, lang) if category else None,
        category_source=opinion.category_source,
        title=mask(opinion.title),
        excerpt=mask(beginning)[:_EXCERPT],
        submitted_at=opinion.submitted_at,
        case_id=opinion.case_id,
    )


def _status_label(policy: IntakePolicy, opinion: Opinion, lang: str) -> str:
    return _in(policy.progress[opinion.status].label, lang)  # type: ignore[index]


def _in(label: Label, lang: str) -> str:
    return label.en if lang == "en" else label.zh
