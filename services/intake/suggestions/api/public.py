"""What anybody may read: checked suggestions as far as their signers agreed, and the form with the place's catalogues."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel

from services.intake.labels import Label
from services.intake.suggestions import queries, rules
from services.intake.suggestions.models import PublicSuggestion
from services.intake.suggestions.settings import SuggestionsPolicy
from shared.clock import now
from shared.http import InTx, Lang, Page, Paging, page_of, service_router
from shared.identity import Caller, public

router = service_router(tags=["suggestions"])

_LABELLED = ("kinds", "raised_in", "statuses", "parts", "points", "publication", "secrecy", "handling", "flags")


class PublicOut(BaseModel):
    """A checked suggestion as anybody may read it; without a text when its signers agreed to the title only."""

    number: str
    kind_label: str
    raised_in_label: str
    term: int | None
    meeting: int | None
    title: str
    text: str | None
    lead: str
    delegation: str
    signers: int
    checked_at: datetime


@router.get("/public/suggestions")
async def public_suggestions(tx: InTx, lang: Lang, paging: Paging, caller: Annotated[Caller | None, public()]) -> Page[PublicOut]:
    """Checked suggestions, the newest first: with their text when it may be published whole (公开意见)."""
    rows = await queries.public_page(tx, paging.after(datetime, uuid.UUID), paging.limit)
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.checked_at, row.suggestion_id))
    return Page(items=[public_out(tx.policy.suggestions, row, lang) for row in items], next_cursor=cursor)


@router.get("/public/suggestion-form")
async def form(tx: InTx, lang: Lang, caller: Annotated[Caller | None, public()]) -> dict[str, Any]:
    """The catalogues of the form, the grounds of refusal, what is asked for and the coming sessions."""
    return form_out(tx.policy.suggestions, tx.policy.categories, rules.day_of(now()), lang)


def public_out(policy: SuggestionsPolicy, row: PublicSuggestion, lang: str) -> PublicOut:
    """The public's view."""
    return PublicOut(
        **row.model_dump(include=set(PublicOut.model_fields) - {"kind_label", "raised_in_label"}),
        kind_label=policy.kind_label(row.kind, lang),
        raised_in_label=policy.raised_in_label(row.raised_in, lang),
    )


def form_out(policy: SuggestionsPolicy, categories: Sequence[Any], today: date, lang: str) -> dict[str, Any]:
    """The catalogues of the form with their labels, and the sessions that are not over."""

    def named(catalogue: Sequence[Any]) -> list[dict[str, str]]:
        return [{"code": one.code, "label": one.label.of(lang)} for one in catalogue]

    def labelled(labels: Mapping[Any, Label]) -> list[dict[str, str]]:
        return [{"code": code, "label": label.of(lang)} for code, label in labels.items()]

    return {
        "categories": named(categories),
        "formed_by": named(policy.formed_by),
        "raised_before": named(policy.raised_before),
        "grounds": [{**row, "may_be_letter": one.may_be_letter} for row, one in zip(named(policy.grounds), policy.grounds, strict=True)],
        "conflict_questions": named(policy.conflict_questions),
        **{name: labelled(getattr(policy, name)) for name in _LABELLED},
        "least": dict(policy.limits.least),
        "attachments": policy.attachments,
        "pre_submission_allowed_for": sorted(policy.pre_submission.allowed_for),
        "pre_submission_required_for": sorted(policy.pre_submission.required_for),
        "pre_checks_required_for": sorted(policy.pre_checks_required_for),
        "bill_signers": {level: rule.bill_signers for level, rule in policy.levels.items()},
        "sessions": [one.model_dump(mode="json") for one in policy.sessions if one.submit_until >= today],
    }
