"""Facts that routing tells about how a case is handed over: pre-assignment, lanes, cases handled together, matters that were split."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar, Literal

from shared.events.base import Event
from shared.events.routing import CaseEvent


class PreAssignmentMade(Event):
    """A unit is asked whether it would handle a case (预交办). It confirms or objects; no legal clock runs. Addressed to it alone."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "pre_assignment_id"
    addressed: ClassVar[bool] = True

    pre_assignment_id: uuid.UUID
    case_id: uuid.UUID
    number: str
    organisation: str
    part: Literal["lead", "co_handler"]
    category: str | None
    title: str
    text: str
    requirements: str
    due_at: datetime
    due_is_provisional: bool


class PreAssignmentEnded(Event):
    """What a unit was asked is over without its part in the case: others were asked or given it, or it was withdrawn. Addressed to it."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "pre_assignment_id"
    addressed: ClassVar[bool] = True

    pre_assignment_id: uuid.UUID
    case_id: uuid.UUID
    number: str
    organisation: str


class PreAssignmentAnswered(CaseEvent):
    """A unit confirmed a pre-assignment or objected to it. The reason is masked; the desk decides."""

    pre_assignment_id: uuid.UUID
    department: str
    confirmed: bool
    reason: str | None


class PreAssignmentLate(CaseEvent):
    """A unit had not answered a pre-assignment when it was to. Exactly one per pre-assignment."""

    pre_assignment_id: uuid.UUID
    department: str
    due_at: datetime


class CasePutOnLane(CaseEvent):
    """A case was handed over as an instant matter, or on the fast lane with its plan and its visible effect due then."""

    department: str
    lane: Literal["instant", "fast"]
    plan_due_at: datetime | None
    reply_due_at: datetime
    effect_due_at: datetime | None


class FastLaneStepDone(CaseEvent):
    """The plan (成型方案) was there, or the effect could be seen (落地见效). The evidence is masked."""

    department: str
    step: Literal["plan", "effect"]
    evidence: str
    done_at: datetime
    due_at: datetime
    on_time: bool


class FastLaneStepLate(CaseEvent):
    """A step of the fast lane was not there when it was due. Exactly one per step of a hand-over."""

    department: str
    step: Literal["plan", "effect"]
    due_at: datetime


class CaseJoined(CaseEvent):
    """A case is handled together with `head` (并案): what is done with the head is done with it, its reply and rating are its own."""

    head: uuid.UUID
    head_number: str


class CaseSeparated(CaseEvent):
    """A case is handled by itself again, because the desk took it out or its head was withdrawn."""

    head: uuid.UUID
    reason: Literal["by_desk", "head_withdrawn"]


class CaseSplit(CaseEvent):
    """A matter is answered by several departments, each for its part (分办). `parts` are the new cases; the first answers last."""

    parts: tuple[uuid.UUID, ...]
