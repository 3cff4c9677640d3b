"""Pure decisions: who is told of an event, and with which params. Ids, numbers and dates only: a notice holds no free text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from shared.events import Event
from shared.events.intake_contacts import ContactsFoundBelowMinimum
from shared.events.intake_opinions import FollowedOpinionMoved
from shared.events.routing import AssignmentMade, AssignmentWithdrawn, CaseClosed, CaseObjected, CaseOverdue, CaseReopened, CaseReplied
from shared.events.routing_assigning import (
    FastLaneStepLate,
    PreAssignmentAnswered,
    PreAssignmentEnded,
    PreAssignmentLate,
    PreAssignmentMade,
)
from shared.events.routing_deadlines import AssignmentDueMoved
from shared.events.routing_evaluation import OpinionFormReminded, OpinionFormSent
from shared.events.routing_extending import CoOpinionAskedAgain, CoOpinionCame, CoOpinionFellDue, ExtensionAsked, ExtensionRefused
from shared.events.routing_handling import HandOverUpheld, ObjectionUndecided, ReplyDueSoon, ReplyPushed
from shared.events.routing_supervising import PromiseFellDue, PromiseOverdue, SupervisionPushed, UnitCalled
from shared.events.routing_transfers import LeadOverdue, LeadReceived
from shared.events.scoring import PointsPosted
from shared.events.supervision import StageDelayed
from shared.identity import Caller
from shared.workdays import CHINA

AudienceKind = Literal["organisation", "role", "deputy", "account"]


@dataclass(frozen=True, slots=True)
class Audience:
    """Those who are told: the accounts of an organisation, of a role or of a deputy, or one account."""

    kind: AudienceKind
    id: str

    @property
    def key(self) -> str:
        """`organisation:housing`: the part of a notice's id, and the signal to open streams."""
        return f"{self.kind}:{self.id}"


DESK = Audience("role", "desk")
LEADER = Audience("role", "leader")

Told = tuple[tuple[Audience, ...], Mapping[str, object]]

ADDRESSED: Mapping[type[Event], tuple[str, ...]] = {
    AssignmentWithdrawn: ("case_id", "number", "round"),
    AssignmentDueMoved: ("case_id", "number", "round", "due_at"),
    PreAssignmentMade: ("case_id", "number", "part", "due_at"),
    PreAssignmentEnded: ("case_id", "number"),
    ExtensionRefused: ("case_id", "number", "round", "due_at"),
    CoOpinionCame: ("case_id", "number", "still_to_come"),
    CoOpinionAskedAgain: ("case_id", "number", "due_at"),
    CoOpinionFellDue: ("case_id", "number", "due_at"),
    HandOverUpheld: ("case_id", "number", "round", "reply_due_at"),
    ReplyDueSoon: ("case_id", "number", "round", "due_at"),
    ReplyPushed: ("case_id", "number", "round", "due_at", "push"),
    PromiseFellDue: ("case_id", "number", "promised_by"),
    SupervisionPushed: ("case_id", "number"),
    UnitCalled: ("meeting_id", "held_on"),
    LeadReceived: ("case_id", "number"),
}
"""What an organisation is told of an event that is addressed to it."""
TO_DESK: Mapping[type[Event], tuple[str, ...]] = {
    PreAssignmentAnswered: ("case_id", "number", "department", "confirmed"),
    ExtensionAsked: ("case_id", "number", "round", "due_at"),
    PreAssignmentLate: ("case_id", "number", "department", "due_at"),
    ObjectionUndecided: ("case_id", "number", "department", "decide_by"),
    PromiseOverdue: ("case_id", "number", "department", "promised_by"),
    LeadOverdue: ("case_id", "number", "due_at"),
}
"""What the desk is told of what units answered, and of what was to happen and did not."""


def told_of(event: Event) -> Told:
    """Who is told of an event, and the params of the notice. Raises LookupError for an event that nobody is told of."""
    if names := ADDRESSED.get(type(event)) or TO_DESK.get(type(event)):
        audience = _organisation(str(getattr(event, "organisation", ""))) if event.addressed else DESK
        return (audience,), {name: getattr(event, name) for name in names}
    match event:
        case AssignmentMade():
            params = {"case_id": event.case_id, "number": event.number, "part": event.part, "round": event.round, "due_at": event.due_at}
            return (_organisation(event.organisation),), params
        case CaseObjected() | CaseReplied():
            return (DESK,), _case(event)
        case CaseReopened():
            return (_organisation(event.department), LEADER), {**_case(event), "due_at": event.reply_due_at}
        case CaseClosed():
            return (_organisation(event.department),), _case(event)
        case FastLaneStepLate():
            return (_organisation(event.department), DESK), {**_case(event), "step": event.step, "due_at": event.due_at}
        case CaseOverdue():
            return (_organisation(event.department), LEADER), {**_case(event), "due_at": event.due_at}
        case FollowedOpinionMoved():
            return (Audience("account", str(event.account_id)),), {
                "opinion_id": event.opinion_id,
                "change": event.change,
                "round": event.round,
            }
        case ContactsFoundBelowMinimum():
            params = {"measure": event.measure, "ends_on": event.ends_on, "done": event.done, "at_least": event.at_least}
            return (Audience("deputy", str(event.deputy_id)),), params
        case OpinionFormSent() | OpinionFormReminded():
            params = {"case_id": event.case_id, "number": event.number, "due_at": event.due_at}
            return (Audience("deputy", str(event.deputy_id)),), params
        case StageDelayed():
            params = {"project_id": event.project_id, "stage": event.stage, "planned_on": event.planned_on}
            return (_organisation(event.owner), LEADER), params
        case PointsPosted():
            params = {"line_id": event.line_id, "item": event.item, "points": _signed(event.points)}
            return (Audience("deputy", str(event.deputy_id)),), params
    raise LookupError(type(event).__name__)


def told_before(event: Event, begun_at: datetime, restored_at: datetime | None) -> bool:
    """Whether a suite that was lost and restored at that moment has, or may have, told people of this event.

    It has when what led to the event began before. What the clock brings up again is judged by the moment it is about:
    the restored suite finds a case overdue whose time ran out between the backup and the restore. A light that turned yellow
    and a push may be told again: when they were due is a rule of routing's.
    """
    if restored_at is None:
        return False
    match event:
        case CaseOverdue() | CoOpinionFellDue() | PreAssignmentLate() | FastLaneStepLate() | LeadOverdue():
            return event.due_at <= restored_at
        case ObjectionUndecided():
            return event.decide_by <= restored_at
        case StageDelayed():
            return _end_of(event.planned_on) <= restored_at
        case PromiseFellDue() | PromiseOverdue():
            return _end_of(event.promised_by) <= restored_at
    return begun_at <= restored_at


def audiences_of(caller: Caller) -> tuple[Audience, ...]:
    """The audiences that an account belongs to."""
    mine = [Audience("account", str(caller.account_id)), Audience("role", caller.role)]
    if caller.organisation is not None:
        mine.append(_organisation(caller.organisation))
    if caller.deputy_id is not None:
        mine.append(Audience("deputy", str(caller.deputy_id)))
    return tuple(mine)


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), CHINA)


def _organisation(organisation: str) -> Audience:
    return Audience("organisation", organisation)


_OfDepartment = CaseObjected | CaseReplied | CaseReopened | CaseClosed | CaseOverdue | FastLaneStepLate


def _case(event: _OfDepartment) -> dict[str, object]:
    return {"case_id": event.case_id, "number": event.number, "round": event.round, "department": event.department}


def _signed(points: Decimal) -> str:
    return f"{points.normalize():+f}"
