"""HTTP route of understanding: what the model makes of an opinion, for whoever decides on it."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import BaseModel

from services.intake import queries
from services.intake.models import Opinion
from services.intake.settings import IntakePolicy
from services.intake.understanding.loading import Guess, Reading, loaded
from shared.http import InTx, Lang, service_router
from shared.identity import Caller, requires
from shared.masking import mask

router = service_router(tags=["intake"])


class GuessOut(BaseModel):
    """A category with its probability (0 to 1), and the passages that spoke most for it; numbers in them read 0."""

    category: str
    label: str
    confidence: float
    reasons: list[str]


class UnderstandingOut(BaseModel):
    """How an opinion came to its category, and what the model in use makes of it now.

    `source`: sender, rule, model, desk, or none when the desk has yet to decide. `confidence` and `classifier` (the version
    asked, if one was) are of the submission, `guesses` of the version in `model`; without a model there are none.
    """

    opinion_id: uuid.UUID
    category: str | None
    source: str
    confidence: float
    classifier: str | None
    model: str | None
    guesses: list[GuessOut]


@router.get("/opinions/{opinion_id}/understanding")
async def understanding(
    opinion_id: uuid.UUID, tx: InTx, lang: Lang, caller: Annotated[Caller, requires("opinion.read", "opinion.read.own")]
) -> UnderstandingOut:
    """The three likeliest categories of an opinion with reasons, and who decided on the one it has."""
    opinion = await queries.opinion_for(tx, caller, opinion_id)
    model = loaded(tx.settings.model_file)
    return _out(tx.policy, opinion, model.explain(opinion.title, opinion.text) if model else None, lang)


def _out(policy: IntakePolicy, opinion: Opinion, reading: Reading | None, lang: str) -> UnderstandingOut:
    labels = {category.code: category.label.of(lang) for category in policy.categories}

    def guess(one: Guess) -> GuessOut:
        reasons = [mask(reason) for reason in one.reasons]
        return GuessOut(category=one.category, label=labels[one.category], confidence=round(one.confidence, 4), reasons=reasons)

    return UnderstandingOut(
        opinion_id=opinion.id,
        category=opinion.category,
        source=opinion.category_source,
        confidence=opinion.confidence,
        classifier=opinion.classifier,
        model=reading.version if reading else None,
        guesses=[guess(one) for one in reading.guesses] if reading else [],
    )
