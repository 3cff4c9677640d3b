"""What supervision listens to."""

from __future__ import annotations

from services.supervision import actions
from services.supervision.matters import actions as matters
from shared.consumers import Consumers
from shared.db import Tx
from shared.events.directory import MandateChanged, OrganisationChanged
from shared.events.routing import CaseClosed, CaseReopened

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
