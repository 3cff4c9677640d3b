"""What supervision listens to."""

from __future__ import annotations

from services.supervision import actions
from services.supervision.matters import actions as matters
from shared.consumers import Consumers
from shared.db import Tx
from shared.events.directory import MandateChanged, OrganisationChanged
from shared.events.routing import CaseClosed, CaseReopened
from shared.events.routing_evaluation import OpinionFormNotReturned

consumers = Consumers("supervision")


@consumers.on(OrganisationChanged, since="start")
async def organisation_changed(tx: Tx, event: OrganisationChanged) -> None:
    await actions.note_organisation(tx, event)


@consumers.on(MandateChanged, since="start")
async def mandate_changed(tx: Tx, event: MandateChanged) -> None:
    await actions.note_mandate(tx, event)


@consumers.on(CaseReopened, since="start")
async def case_reopened(tx: Tx, event: CaseReopened) -> None:
    await matters.note_reopened(tx, event)


@consumers.on(CaseClosed, since="start")
async def case_closed(tx: Tx, event: CaseClosed) -> None:
    await matters.note_closed(tx, event)


@consumers.on(OpinionFormNotReturned, since="start")
async def opinion_form_not_returned(tx: Tx, event: OpinionFormNotReturned) -> None:
    """A case that ended without a rating is closed all the same."""
    await matters.note_closed(tx, event)
