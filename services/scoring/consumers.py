"""What scoring listens to: all of it from the start, because the ledger is the sum of what was ever said."""

from __future__ import annotations

from collections.abc import Sequence

from services.scoring import actions
from shared.consumers import Consumers
from shared.db import Tx
from shared.events.directory import MandateChanged, StationChanged
from shared.events.intake import OpinionSubmitted
from shared.events.supervision import SupervisionActLogged

consumers = Consumers("scoring")


@consumers.on(MandateChanged, since="start")
async def mandate_changed(tx: Tx, event: MandateChanged) -> None:
    await actions.note_mandate(tx, event)


@consumers.on(StationChanged, since="start")
async def station_changed(tx: Tx, event: StationChanged) -> None:
    await actions.note_station(tx, event)


@consumers.on_batch(OpinionSubmitted, since="start")
async def opinions_submitted(tx: Tx, events: Sequence[OpinionSubmitted]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(SupervisionActLogged, since="start")
async def supervision_acts_logged(tx: Tx, events: Sequence[SupervisionActLogged]) -> None:
    await actions.post(tx, events)
