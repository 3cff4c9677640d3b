"""What notify listens to: from now on only, because yesterday's news would wake people up for nothing."""

from __future__ import annotations

from collections.abc import Sequence

from services.notify import actions, rules
from services.notify.residents import actions as residents
from shared.consumers import Consumers
from shared.db import Tx
from shared.events import Event
from shared.events.intake_contacts import ContactsFoundBelowMinimum
from shared.events.intake_opinions import FollowedOpinionMoved
from shared.events.intake_privacy import ContactLeft, ContactSealed, MatterErased
from shared.events.routing import AssignmentMade, CaseClosed, CaseObjected, CaseOverdue, CaseReopened, CaseReplied
from shared.events.routing_assigning import FastLaneStepLate
from shared.events.routing_evaluation import OpinionFormReminded, OpinionFormSent
from shared.events.scoring import PointsPosted
from shared.events.supervision import StageDelayed

consumers = Consumers("notify")


async def _post(tx: Tx, events: Sequence[Event]) -> None:
    await actions.post(tx, events)


_POSTED: tuple[type[Event], ...] = (*rules.ADDRESSED, *rules.TO_DESK, FastLaneStepLate)
for _told in _POSTED:
    consumers.on_batch(_told, since="now")(_post)


@consumers.on_batch(AssignmentMade, since="now")
async def assignment_made(tx: Tx, events: Sequence[AssignmentMade]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(CaseObjected, since="now")
async def case_objected(tx: Tx, events: Sequence[CaseObjected]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(CaseReplied, since="now")
async def case_replied(tx: Tx, events: Sequence[CaseReplied]) -> None:
    await residents.tell(tx, events)
    await actions.post(tx, events)


@consumers.on_batch(CaseReopened, since="now")
async def case_reopened(tx: Tx, events: Sequence[CaseReopened]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(CaseClosed, since="now")
async def case_closed(tx: Tx, events: Sequence[CaseClosed]) -> None:
    await residents.tell(tx, events)
    await actions.post(tx, events)


@consumers.on_batch(CaseOverdue, since="now")
async def case_overdue(tx: Tx, events: Sequence[CaseOverdue]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(OpinionFormSent, since="now")
async def opinion_form_sent(tx: Tx, events: Sequence[OpinionFormSent]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(OpinionFormReminded, since="now")
async def opinion_form_reminded(tx: Tx, events: Sequence[OpinionFormReminded]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(StageDelayed, since="now")
async def stage_delayed(tx: Tx, events: Sequence[StageDelayed]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(PointsPosted, since="now")
async def points_posted(tx: Tx, events: Sequence[PointsPosted]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(ContactLeft, since="now")
async def contact_left(tx: Tx, events: Sequence[ContactLeft]) -> None:
    await residents.make_keys(tx, events)


@consumers.on_batch(ContactSealed, since="now")
async def contact_sealed(tx: Tx, events: Sequence[ContactSealed]) -> None:
    await residents.keep_boxes(tx, events)


@consumers.on(MatterErased, since="now")
async def matter_erased(tx: Tx, event: MatterErased) -> None:
    await residents.forget(tx, event)


@consumers.on_batch(FollowedOpinionMoved, since="now")
async def followed_opinion_moved(tx: Tx, events: Sequence[FollowedOpinionMoved]) -> None:
    await actions.post(tx, events)


@consumers.on_batch(ContactsFoundBelowMinimum, since="now")
async def contacts_found_below_minimum(tx: Tx, events: Sequence[ContactsFoundBelowMinimum]) -> None:
    await actions.post(tx, events)
