"""What intake listens to: routing's facts about cases, and directory's names and revocations."""

from __future__ import annotations

from services.intake import actions
from shared.consumers import Consumers
from shared.db import Tx
from shared.events.directory import CodeRevoked, OrganisationChanged, StationChanged
from shared.events.routing import (
    CaseAccepted,
    CaseAssigned,
    CaseClosed,
    CaseObjected,
    CaseOpened,
    CaseOverdue,
    CaseReopened,
    CaseReplied,
    RatingNotCounted,
)

consumers = Consumers("intake")


@consumers.on(CaseOpened, since="start")
async def case_opened(tx: Tx, event: CaseOpened) -> None:
    await actions.follow_case(tx, event)


@consumers.on(CaseAssigned, since="start")
async def case_assigned(tx: Tx, event: CaseAssigned) -> None:
    await actions.follow_case(tx, event)


@consumers.on(CaseAccepted, since="start")
async def case_accepted(tx: Tx, event: CaseAccepted) -> None:
    await actions.follow_case(tx, event)


@consumers.on(CaseObjected, since="start")
async def case_objected(tx: Tx, event: CaseObjected) -> None:
    await actions.follow_case(tx, event)


@consumers.on(CaseReplied, since="start")
async def case_replied(tx: Tx, event: CaseReplied) -> None:
    await actions.follow_case(tx, event)


@consumers.on(CaseReopened, since="start")
async def case_reopened(tx: Tx, event: CaseReopened) -> None:
    await actions.follow_case(tx, event)


@consumers.on(CaseClosed, since="start")
async def case_closed(tx: Tx, event: CaseClosed) -> None:
    await actions.follow_case(tx, event)


@consumers.on(CaseOverdue, since="start")
async def case_overdue(tx: Tx, event: CaseOverdue) -> None:
    await actions.follow_case(tx, event)


@consumers.on(RatingNotCounted, since="start")
async def rating_not_counted(tx: Tx, event: RatingNotCounted) -> None:
    await actions.follow_case(tx, event)


@consumers.on(CodeRevoked, since="start")
async def code_revoked(tx: Tx, event: CodeRevoked) -> None:
    await actions.learn_revoked(tx, event)


@consumers.on(OrganisationChanged, since="start")
async def organisation_changed(tx: Tx, event: OrganisationChanged) -> None:
    await actions.learn_organisation(tx, event)


@consumers.on(StationChanged, since="start")
async def station_changed(tx: Tx, event: StationChanged) -> None:
    await actions.learn_station(tx, event)
