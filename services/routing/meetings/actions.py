"""The verbs on meetings: each changes rows and emits the event in one transaction; none changes a case."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date

from services.routing.actions.steps import tell
from services.routing.errors import CaseWasWithdrawn
from services.routing.meetings import queries, rules
from services.routing.meetings.models import Meeting, MeetingCase, MeetingUnit
from services.routing.promises import actions as promises
from services.routing.promises.rules import Pledge, check_later, day_of
from services.routing.queries import state_by_id
from services.routing.supervising.actions import check_cases, check_organisations
from services.routing.supervising.settings import MeetingType
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.routing_supervising import CaseTested, LevelVotes, MeetingCalled, MeetingHeld, UnitCalled
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.masking import mask
from shared.outbox import emit


async def call(
    tx: Tx, caller: Caller, *, kind: str, title: str, held_on: date, cases: Sequence[uuid.UUID], units: Sequence[str]
) -> Meeting:
    """Calls a meeting on cases; each unit hears of it. Raises UnknownMeetingType, CasesNotFound, UnknownOrganisation."""
    said = rules.type_of(tx.policy.supervising, kind)
    cases, units = list(dict.fromkeys(cases)), sorted(set(units))
    await check_cases(tx, caller, cases, "cases")
    await check_organisations(tx, units, "units")
    meeting = Meeting(
        id=new_id(),
        region=caller.region,
        type=kind,
        said=said.model_dump(mode="json"),
        title=title,
        held_on=held_on,
        ticked=[],
        called_at=now(),
        called_by=caller.account_id,
        profile_version=tx.policy.profile_version,
    )
    tx.add(meeting)
    await tx.flush()
    for position, case_id in enumerate(cases, 1):
        case = await state_by_id(tx, case_id)
        tx.add(MeetingCase(meeting_id=meeting.id, position=position, case_id=case_id, number=case.number))
    for organisation in units:
        tx.add(MeetingUnit(meeting_id=meeting.id, organisation=organisation))
        called = UnitCalled(meeting_id=meeting.id, organisation=organisation, type=kind, held_on=held_on)
        emit(tx, called, audience=organisation)
    emit(tx, MeetingCalled(meeting_id=meeting.id, region=meeting.region, type=kind, held_on=held_on, cases=tuple(cases)))
    live(tx, "meeting", str(meeting.id))
    return meeting


async def present(tx: Tx, meeting_id: uuid.UUID, caller: Caller, version: int, *, organisations: Sequence[str]) -> Meeting:
    """Enters which of the units called are present. Raises MeetingNotFound, StaleVersion, MeetingNotYet, MeetingWasHeld, UnitNotCalled."""
    meeting, _ = await _running(tx, meeting_id, caller, version)
    units = await queries.units_of(tx, meeting_id)
    rules.check_called(units, organisations)
    for unit in units:
        unit.present = unit.organisation in organisations
    return _changed(tx, meeting)


async def tick(tx: Tx, meeting_id: uuid.UUID, part: str, caller: Caller, version: int) -> Meeting:
    """Ticks off a set part (规定环节). Raises MeetingNotFound, StaleVersion, UnknownPart, PartIsVoted, PartIsDone, MeetingNotYet or
    MeetingWasHeld."""
    meeting, kind = await _running(tx, meeting_id, caller, version)
    rules.check_tick(meeting, kind, part)
    meeting.ticked = [*meeting.ticked, part]
    return _changed(tx, meeting)


async def test(tx: Tx, meeting_id: uuid.UUID, case_id: uuid.UUID, caller: Caller, version: int, *, votes: Mapping[str, int]) -> Meeting:
    """Enters the deputies' votes on the handling of a case (专项测评), a number for each level of the scale.
    Raises MeetingNotFound, StaleVersion, NotOnAgenda, NoVotesHere, VotesAreCounted, VotesNotValid and what the day forbids."""
    meeting, kind = await _running(tx, meeting_id, caller, version)
    item = rules.on_agenda(await queries.agenda_of(tx, meeting_id), case_id, "case_id")
    levels = tx.policy.ratings.scale
    rules.check_votes(kind, item, votes, levels)
    item.votes = {level: votes.get(level, 0) for level in levels}
    counted = [LevelVotes(level=level, votes=many) for level, many in item.votes.items()]
    tell(tx, await state_by_id(tx, case_id), CaseTested, meeting_id=meeting_id, votes=tuple(counted))
    return _changed(tx, meeting)


async def promise(
    tx: Tx,
    meeting_id: uuid.UUID,
    caller: Caller,
    version: int,
    *,
    case_id: uuid.UUID,
    organisation: str,
    promised: str,
    promised_by: date,
) -> Meeting:
    """A unit that is present promises on the spot (直办会): the promise goes into the ledger. Raises MeetingNotFound, StaleVersion,
    NotOnAgenda, NoPromisesHere, UnitNotPresent, PromiseNotLater, CaseWasWithdrawn and what the day forbids."""
    meeting, kind = await _running(tx, meeting_id, caller, version)
    rules.check_promise(kind, await queries.units_of(tx, meeting_id), organisation)
    rules.on_agenda(await queries.agenda_of(tx, meeting_id), case_id, "case_id")
    at, case = now(), await state_by_id(tx, case_id)
    check_later(promised_by, at)
    if case.status == "withdrawn":
        raise CaseWasWithdrawn(number=case.number, state=case.status, current=case.version)
    await promises.promised_at_meeting(tx, case, meeting_id, Pledge(promised, promised_by), department=organisation, at=at)
    return _changed(tx, meeting)


async def hold(tx: Tx, meeting_id: uuid.UUID, caller: Caller, version: int, *, minutes: str) -> Meeting:
    """Closes a meeting with its minutes, once all set parts are done.
    Raises MeetingNotFound, StaleVersion, PartsOpen, MeetingNotYet or MeetingWasHeld."""
    meeting, kind = await _running(tx, meeting_id, caller, version)
    rules.check_parts(meeting, kind, await queries.agenda_of(tx, meeting_id))
    meeting.state, meeting.minutes = "held", minutes
    emit(tx, MeetingHeld(meeting_id=meeting_id, type=meeting.type, held_on=meeting.held_on, minutes=mask(minutes)))
    return _changed(tx, meeting)


async def _running(tx: Tx, meeting_id: uuid.UUID, caller: Caller, version: int) -> tuple[Meeting, MeetingType]:
    meeting = await queries.find(tx, caller, meeting_id, lock=True)
    check_version(meeting.version, version)
    rules.check_running(meeting, day_of(now()))
    return meeting, rules.kind_of(meeting)


def _changed(tx: Tx, meeting: Meeting) -> Meeting:
    meeting.version += 1
    live(tx, "meeting", str(meeting.id))
    return meeting
