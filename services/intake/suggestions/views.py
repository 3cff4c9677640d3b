"""What the answers look like: labels of the profile put to codes, and to each caller what is theirs to see."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from services.intake.labels import Label
from services.intake.suggestions import quality, queries
from services.intake.suggestions.content import Content, SuggestionForm
from services.intake.suggestions.models import (
    CoSigner,
    PreCheck,
    PreCheckOpinion,
    Suggestion,
    SuggestionStep,
    SuggestionVersion,
    Withdrawal,
)
from services.intake.suggestions.queries import OFFICES, SIGNERS, Relation, Seen
from services.intake.suggestions.settings import SuggestionsPolicy


class SuggestionOut(BaseModel):
    """A suggestion in a list. `version` goes into If-Match; `content_version` is the text that is shown, and that one signs."""

    id: uuid.UUID
    number: str
    relation: Relation
    status: str
    status_label: str
    version: int
    content_version: int
    kind: str
    kind_label: str
    raised_in: str
    raised_in_label: str
    title: str
    lead: uuid.UUID
    lead_name: str | None
    delegation: str
    level: str
    confidential: bool
    from_bill: bool
    term: int | None
    meeting: int | None
    created_at: datetime
    submitted_at: datetime | None


class CoSignerOut(BaseModel):
    """A deputy who was asked to sign. `to_text` is the version the answer is about."""

    deputy_id: uuid.UUID
    name: str | None
    state: str
    to_text: int
    answered_at: datetime | None


class AskedOut(BaseModel):
    """An organisation asked for its opinion, and on which text."""

    organisation: str
    content_version: int
    asked_at: datetime


class AdviceOut(BaseModel):
    """An adviser's opinion on one of the three points."""

    organisation: str
    point: str
    point_label: str
    favourable: bool
    comment: str
    content_version: int
    at: datetime


class SuggestionStepOut(BaseModel):
    """What was done, by whom: a role and an organisation, or a deputy."""

    action: str
    from_status: str
    to_status: str
    version: int
    content_version: int
    by_role: str
    by_organisation: str | None
    note: str | None
    at: datetime


class QualityPartOut(BaseModel):
    """A part of the score: what was found, what is asked for, and the points it gives."""

    code: str
    label: str
    points: int
    of: int
    found: Any
    asked: Any


class QualityOut(BaseModel):
    """The score of the content with its parts. `final` once the office has checked."""

    points: int
    of: int
    final: bool
    parts: list[QualityPartOut]


class WithdrawalOut(BaseModel):
    """A withdrawal that waits for the co-signers."""

    reason: str | None
    proposed_at: datetime


class RefusalOut(BaseModel):
    """Why a suggestion was refused, and to whom it went as a deputy's letter, if it did."""

    ground: str
    ground_label: str
    reason: str
    letter_to: str | None


class SuggestionDetail(SuggestionOut):
    """A suggestion with all that the caller may see. Answers on own interest are for the lead and the congress's office."""

    form: SuggestionForm
    attachments: list[uuid.UUID]
    category: str | None
    co_signers: list[CoSignerOut]
    asked: list[AskedOut]
    opinions: list[AdviceOut]
    quality: QualityOut | None
    withdrawal: WithdrawalOut | None
    withdrawal_asked: bool
    refusal: RefusalOut | None
    steps: list[SuggestionStepOut]


class VersionOut(BaseModel):
    """A state of the text."""

    content_version: int
    saved_at: datetime
    handed_over: str | None
    confidential: bool
    form: SuggestionForm
    attachments: list[uuid.UUID]


def suggestion_out(policy: SuggestionsPolicy, seen: Seen, names: Mapping[uuid.UUID, str], lang: str) -> SuggestionOut:
    """One row of a list, in the text that the caller may see."""
    one, content = seen.suggestion, Content.model_validate(seen.version.content)
    kind = one.kind if one.from_bill else content.kind
    return SuggestionOut(
        **one.model_dump(include={"id", "number", "status", "version", "delegation", "level", "from_bill", "term", "meeting"}),
        relation=seen.relation,
        status_label=_of(policy.statuses, one.status, lang),
        content_version=seen.version.number,
        kind=kind,
        kind_label=policy.kind_label(kind, lang),
        raised_in=content.raised_in,
        raised_in_label=policy.raised_in_label(content.raised_in, lang),
        title=content.title,
        lead=one.deputy_id,
        lead_name=names.get(one.deputy_id),
        confidential=one.confidential,
        created_at=one.created_at,
        submitted_at=one.submitted_at,
    )


def _of(labels: Mapping[Any, Label], code: str, lang: str) -> str:
    return labels[code].of(lang)


@dataclass(frozen=True, slots=True)
class Whole:
    """What was read of a suggestion for its detail."""

    seen: Seen
    names: Mapping[uuid.UUID, str]
    co_signers: Sequence[CoSigner]
    asked: Sequence[PreCheck]
    opinions: Sequence[PreCheckOpinion]
    steps: Sequence[SuggestionStep]
    withdrawal: Withdrawal | None


def detail(policy: SuggestionsPolicy, whole: Whole, organisation: str | None, lang: str) -> SuggestionDetail:
    """A suggestion whole, cut to what the caller is to it."""
    seen, one = whole.seen, whole.seen.suggestion
    content = Content.model_validate(seen.version.content)
    inside = seen.relation in SIGNERS or seen.relation in OFFICES
    opinions = [o for o in whole.opinions if inside or o.organisation == organisation]
    # A reader of the congress sees who signed; an adviser is asked about a text, not about people.
    signers = [s for s in whole.co_signers if inside or (seen.relation == "reader" and s.state == "agreed")]
    return SuggestionDetail(
        **suggestion_out(policy, seen, whole.names, lang).model_dump(),
        form=_form(content, seen.relation),
        attachments=list(content.attachments),
        category=one.category or content.category,
        co_signers=[_co_signer(s, whole.names) for s in signers],
        asked=[AskedOut.model_validate(a.model_dump(exclude={"suggestion_id"})) for a in whole.asked if inside],
        opinions=[_opinion(policy, o, lang) for o in opinions],
        quality=_quality(policy, one, content, whole.opinions, lang) if seen.relation != "adviser" else None,
        withdrawal=WithdrawalOut(reason=whole.withdrawal.reason, proposed_at=whole.withdrawal.proposed_at)
        if whole.withdrawal and inside
        else None,
        withdrawal_asked=one.withdrawal_asked,
        refusal=_refusal(policy, one, lang) if seen.relation != "adviser" else None,
        steps=[SuggestionStepOut(**s.model_dump(include=set(SuggestionStepOut.model_fields))) for s in whole.steps] if inside else [],
    )


def _co_signer(row: CoSigner, names: Mapping[uuid.UUID, str]) -> CoSignerOut:
    given = row.model_dump(include={"deputy_id", "state", "answered_at"})
    return CoSignerOut(**given, name=names.get(row.deputy_id), to_text=row.content_version)


def _opinion(policy: SuggestionsPolicy, row: PreCheckOpinion, lang: str) -> AdviceOut:
    given = row.model_dump(include=set(AdviceOut.model_fields) - {"point_label"})
    return AdviceOut(**given, point_label=_of(policy.points, row.point, lang))


def _form(content: Content, relation: Relation) -> SuggestionForm:
    form = SuggestionForm(**content.model_dump(exclude={"attachments"}))
    return form if relation in ("lead", "office") else form.model_copy(update={"conflicts": {}})


def _quality(policy: SuggestionsPolicy, one: Suggestion, content: Content, opinions: Sequence[PreCheckOpinion], lang: str) -> QualityOut:
    scored = one.quality or quality.score(policy, content, queries.favourable(opinions))
    labels = {rule.code: rule.label.of(lang) for rule in policy.quality}
    parts = [QualityPartOut(**part, label=labels.get(part["code"], part["code"])) for part in scored["parts"]]
    return QualityOut(points=scored["points"], of=scored["of"], final=one.quality is not None, parts=parts)


def _refusal(policy: SuggestionsPolicy, one: Suggestion, lang: str) -> RefusalOut | None:
    if one.refusal_ground is None:
        return None
    ground = policy.ground(one.refusal_ground)
    label = ground.label.of(lang) if ground else one.refusal_ground
    return RefusalOut(ground=one.refusal_ground, ground_label=label, reason=one.refusal_reason or "", letter_to=one.letter_to)


def version_out(version: SuggestionVersion, relation: Relation) -> VersionOut:
    """A state of the text as the caller may see it."""
    content = Content.model_validate(version.content)
    return VersionOut(
        content_version=version.number,
        saved_at=version.saved_at,
        handed_over=version.handed_over,
        confidential=version.confidential,
        form=_form(content, relation),
        attachments=list(content.attachments),
    )
