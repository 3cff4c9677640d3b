"""What routing listens to. All from the start: cases and organisations are projections of everything ever said."""

from __future__ import annotations

from collections.abc import Sequence

from services.routing.actions import opening, rating, withdrawing
from services.routing.suggestions import actions as suggestions
from shared.consumers import Consumers
from shared.db import Tx
from shared.events.directory import OrganisationChanged
from shared.events.intake import OpinionClassified, OpinionRated
from shared.events.intake_opinions import OpinionWithdrawn, RepAnswerJudged
from shared.events.intake_suggestions import SuggestionChecked

consumers = Consumers("routing")


@consumers.on_batch(OpinionClassified, since="start")
async def opinions_classified(tx: Tx, events: Sequence[OpinionClassified]) -> None:
    """A case for each opinion."""
    await opening.open_cases(tx, events)


@consumers.on(OrganisationChanged, since="start")
async def organisation_changed(tx: Tx, event: OrganisationChanged) -> None:
    """Which departments there are."""
    await opening.organisation_changed(tx, event)


@consumers.on(OpinionRated, since="start")
async def opinion_rated(tx: Tx, event: OpinionRated) -> None:
    """Closed, opened anew, or not counted."""
    await rating.rate(tx, event)


@consumers.on(OpinionWithdrawn, since="start")
async def opinion_withdrawn(tx: Tx, event: OpinionWithdrawn) -> None:
    """The sender took it back."""
    await withdrawing.withdraw(tx, event.opinion_id, event.occurred_at, "by_sender")


@consumers.on(RepAnswerJudged, since="start")
async def rep_answer_judged(tx: Tx, event: RepAnswerJudged) -> None:
    """Content with the deputy's answer, the sender needs no department."""
    if event.accepted:
        await withdrawing.withdraw(tx, event.opinion_id, event.occurred_at, "answered_by_rep")


@consumers.on(SuggestionChecked, since="start")
async def suggestion_checked(tx: Tx, event: SuggestionChecked) -> None:
    """A case for each suggestion that an office handed over."""
    await suggestions.open_case(tx, event)
