"""What intake listens to: routing's facts about cases, and directory's names and revocations."""

from __future__ import annotations

from collections.abc import Sequence

from services.intake import actions, projections
from services.intake.board import actions as board
from services.intake.privacy import actions as privacy
from services.intake.understanding import actions as understanding
from shared.consumers import Consumers
from shared.db import Tx
from shared.events.directory import CodeRevoked, MandateChanged, OrganisationChanged, RegionChanged, StationChanged
from shared.events.notify import ContactKeyMade
from shared.events.routing import (
    CaseAccepted,
    CaseAssigned,
    CaseClosed,
    CaseObjected,
    CaseOpened,
    CaseOverdue,
    CaseReopened,
    CaseReplied,
    CategoryCorrected,
    RatingNotCounted,
)
from shared.events.routing_supervising import PromiseChanged, PromiseKept, PromiseMade

consumers = Consumers("intake")


@consumers.on_batch(CaseOpened, since="start")
async def case_opened(tx: Tx, events: Sequence[CaseOpened]) -> None:
    await actions.follow_cases(tx, events)


@consumers.on_batch(CaseAssigned, since="start")
async def case_assigned(tx: Tx, events: Sequence[CaseAssigned]) -> None:
    await actions.follow_cases(tx, events)


@consumers.on_batch(CaseAccepted, since="start")
async def case_accepted(tx: Tx, events: Sequence[CaseAccepted]) -> None:
    await actions.follow_cases(tx, events)


@consumers.on_batch(CaseObjected, since="start")
async def case_objected(tx: Tx, events: Sequence[CaseObjected]) -> None:
    await actions.follow_cases(tx, events)


@consumers.on_batch(CaseReplied, since="start")
async def case_replied(tx: Tx, events: Sequence[CaseReplied]) -> None:
    await actions.follow_cases(tx, events)
    await board.tell_followers(tx, events)


@consumers.on_batch(CaseReopened, since="start")
async def case_reopened(tx: Tx, events: Sequence[CaseReopened]) -> None:
    await actions.follow_cases(tx, events)


@consumers.on_batch(CaseClosed, since="start")
async def case_closed(tx: Tx, events: Sequence[CaseClosed]) -> None:
    await actions.follow_cases(tx, events)
    await board.tell_followers(tx, events)


@consumers.on_batch(CaseOverdue, since="start")
async def case_overdue(tx: Tx, events: Sequence[CaseOverdue]) -> None:
    await actions.follow_cases(tx, events)


@consumers.on_batch(RatingNotCounted, since="start")
async def rating_not_counted(tx: Tx, events: Sequence[RatingNotCounted]) -> None:
    await actions.follow_cases(tx, events)


@consumers.on_batch(PromiseMade, since="start")
async def promise_made(tx: Tx, events: Sequence[PromiseMade]) -> None:
    await actions.follow_cases(tx, events)


@consumers.on_batch(PromiseChanged, since="start")
async def promise_changed(tx: Tx, events: Sequence[PromiseChanged]) -> None:
    await actions.follow_cases(tx, events)


@consumers.on_batch(PromiseKept, since="start")
async def promise_kept(tx: Tx, events: Sequence[PromiseKept]) -> None:
    await actions.follow_cases(tx, events)


@consumers.on(CategoryCorrected, since="start")
async def category_corrected(tx: Tx, event: CategoryCorrected) -> None:
    await understanding.learn_correction(tx, event)


@consumers.on(CodeRevoked, since="start")
async def code_revoked(tx: Tx, event: CodeRevoked) -> None:
    await projections.learn_revoked(tx, event)


@consumers.on(OrganisationChanged, since="start")
async def organisation_changed(tx: Tx, event: OrganisationChanged) -> None:
    await projections.learn_organisation(tx, event)


@consumers.on(StationChanged, since="start")
async def station_changed(tx: Tx, event: StationChanged) -> None:
    await projections.learn_station(tx, event)


@consumers.on(MandateChanged, since="start")
async def mandate_changed(tx: Tx, event: MandateChanged) -> None:
    await projections.learn_deputy(tx, event)


@consumers.on(RegionChanged, since="start")
async def region_changed(tx: Tx, event: RegionChanged) -> None:
    await projections.learn_region(tx, event)


@consumers.on_batch(ContactKeyMade, since="start")
async def contact_keys_made(tx: Tx, events: Sequence[ContactKeyMade]) -> None:
    await privacy.pass_on(tx, events)
