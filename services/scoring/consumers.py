"""What scoring listens to: all of it from the start, because the ledger is the sum of what was ever said."""

from __future__ import annotations

from collections.abc import Sequence

from services.scoring import actions
from shared.consumers import Consumers
from shared.db import Tx
from shared.events.directory import MandateChanged, StationChanged
from shared.events.intake import OpinionSubmitted
from shared.events.intake_contacts import ContactLogged, ContactStruckOut
from shared.events.intake_opinions import RepAnswerMissed
from shared.events.intake_receptions import AttendanceRecorded
from shared.events.intake_suggestions import SuggestionSubmitted
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


@consumers.on_batch(AttendanceRecorded, since="start")
async def attendances_recorded(tx: Tx, events: Sequence[AttendanceRecorded]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(ContactLogged, since="start")
async def contacts_logged(tx: Tx, events: Sequence[ContactLogged]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(ContactStruckOut, since="start")
async def contacts_struck_out(tx: Tx, events: Sequence[ContactStruckOut]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(SuggestionSubmitted, since="start")
async def suggestions_submitted(tx: Tx, events: Sequence[SuggestionSubmitted]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(RepAnswerMissed, since="start")
async def rep_answers_missed(tx: Tx, events: Sequence[RepAnswerMissed]) -> None:
    await actions.post(tx, events)
