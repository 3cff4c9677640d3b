"""What routing listens to. All from the start: cases and organisations are projections of everything ever said."""

from __future__ import annotations

from collections.abc import Sequence

from services.routing.actions import opening, rating
from shared.consumers import Consumers
from shared.db import Tx
from shared.events.directory import OrganisationChanged
from shared.events.intake import OpinionClassified, OpinionRated

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
