"""Pure decisions on meetings: what may be entered when, and when all set parts are done."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Literal

from services.routing.meetings.errors import (
    MeetingNotYet,
    MeetingWasHeld,
    NoPromisesHere,
    NotOnAgenda,
    NoVotesHere,
    PartIsDone,
    PartIsVoted,
    PartsOpen,
    UnitNotCalled,
    UnitNotPresent,
    UnknownMeetingType,
    UnknownPart,
    VotesAreCounted,
    VotesNotValid,
)
from services.routing.meetings.models import Meeting, MeetingCase, MeetingUnit
from services.routing.supervising.settings import MeetingType, Supervising

State = Literal["called", "held"]


def type_of(policy: Supervising, code: str) -> MeetingType:
    """The type with this code. Raises UnknownMeetingType."""
    found = policy.meeting(code)
    if found is None:
        raise UnknownMeetingType(where="type", known=[one.code for one in policy.meetings])
    return found


def kind_of(meeting: Meeting) -> MeetingType:
    """The type of a meeting as it was when it was called."""
    return MeetingType.model_validate(meeting.said)


def check_running(meeting: Meeting, today: date) -> None:
    """Raises MeetingWasHeld, or MeetingNotYet before its day."""
    if meeting.state == "held":
        raise MeetingWasHeld
    if today < meeting.held_on:
        raise MeetingNotYet(held_on=meeting.held_on.isoformat())


def check_tick(meeting: Meeting, kind: MeetingType, part: str) -> None:
    """Raises UnknownPart, PartIsVoted or PartIsDone."""
    found = next((one for one in kind.parts if one.code == part), None)
    if found is None:
        raise UnknownPart(where="part", known=[one.code for one in kind.parts])
    if found.tests:
        raise PartIsVoted
    if part in meeting.ticked:
        raise PartIsDone


def parts_done(meeting: Meeting, kind: MeetingType, agenda: Sequence[MeetingCase]) -> dict[str, bool]:
    """Set part → whether it is done: ticked, or for one that tests, all cases of the agenda voted on."""
    voted = all(one.votes is not None for one in agenda)
    return {part.code: voted if part.tests else part.code in meeting.ticked for part in kind.parts}


def check_parts(meeting: Meeting, kind: MeetingType, agenda: Sequence[MeetingCase]) -> None:
    """Raises PartsOpen."""
    if still := [code for code, done in parts_done(meeting, kind, agenda).items() if not done]:
        raise PartsOpen(parts=still)


def on_agenda(agenda: Sequence[MeetingCase], case: object, where: str) -> MeetingCase:
    """The case's place on the agenda. Raises NotOnAgenda."""
    found = next((one for one in agenda if one.case_id == case), None)
    if found is None:
        raise NotOnAgenda(where=where)
    return found


def check_votes(kind: MeetingType, case: MeetingCase, votes: Mapping[str, int], levels: Collection[str]) -> None:
    """Raises NoVotesHere, VotesAreCounted or VotesNotValid."""
    if not any(part.tests for part in kind.parts):
        raise NoVotesHere
    if case.votes is not None:
        raise VotesAreCounted
    if not sum(votes.values()) or set(votes) - set(levels):
        raise VotesNotValid(where="votes", known=sorted(levels))


def check_called(units: Sequence[MeetingUnit], organisations: Sequence[str]) -> None:
    """Raises UnitNotCalled."""
    called = {one.organisation for one in units}
    for organisation in organisations:
        if organisation not in called:
            raise UnitNotCalled(where="organisations", organisation=organisation)


def check_promise(kind: MeetingType, units: Sequence[MeetingUnit], organisation: str) -> None:
    """Raises NoPromisesHere or UnitNotPresent."""
    if not kind.promises:
        raise NoPromisesHere
    if not any(one.organisation == organisation and one.present for one in units):
        raise UnitNotPresent(where="organisation", organisation=organisation)
