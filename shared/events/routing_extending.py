"""Facts that routing tells of what moves a deadline while a case is being handled, and of co-handlers' opinions (协办意见)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar, Literal

from shared.events.base import Event
from shared.events.routing import CaseEvent


class ExtensionAsked(CaseEvent):
    """The lead asks for more time (延期). Nothing has moved. The reason is masked."""

    department: str
    extension_id: uuid.UUID
    n: int
    unit: Literal["day", "workday", "month"]
    reason: str
    due_at: datetime


class ExtensionAgreed(CaseEvent):
    """More time was agreed to, with the consent of `agreed_by`; the reply is due at another moment."""

    department: str
    extension_id: uuid.UUID
    agreed_by: str
    due_before: datetime
    due_at: datetime
    due_is_provisional: bool


class ExtensionDeclined(CaseEvent):
    """More time was not agreed to; the deadline stays. The reason is masked."""

    department: str
    extension_id: uuid.UUID
    reason: str


class ExtensionRefused(Event):
    """The same, addressed to the lead."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "case_id"
    addressed: ClassVar[bool] = True

    case_id: uuid.UUID
    number: str
    organisation: str
    round: int
    reason: str
    due_at: datetime


class CasePaused(CaseEvent):
    """The clock of a case stands still on a ground of the place's rules, at the longest to `until`; the reply is due by `due_at` then."""

    department: str
    ground: str
    until: datetime
    due_before: datetime
    due_at: datetime


class CaseResumed(CaseEvent):
    """The clock of a case goes on: the desk said so, or the pause had its longest time."""

    department: str
    because: Literal["desk", "longest"]
    due_at: datetime


class CoOpinionGiven(CaseEvent):
    """A co-handler gave its opinion on a case (协办意见). What it says stays in the case."""

    assignment_id: uuid.UUID
    department: str
    turn: int
    on_time: bool


class CoOpinionCame(Event):
    """The same, addressed to the lead, who may reply once all are there."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "case_id"
    addressed: ClassVar[bool] = True

    case_id: uuid.UUID
    number: str
    organisation: str
    assignment_id: uuid.UUID
    still_to_come: int


class CoOpinionAskedAgain(Event):
    """The lead asks a co-handler for a better opinion, addressed to the co-handler. The reason is masked."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "case_id"
    addressed: ClassVar[bool] = True

    case_id: uuid.UUID
    number: str
    organisation: str
    assignment_id: uuid.UUID
    turn: int
    reason: str
    due_at: datetime


class CoOpinionLate(CaseEvent):
    """A co-handler's opinion was not there when it was due: it holds up the lead no more. Exactly one for each time it was asked."""

    assignment_id: uuid.UUID
    department: str
    due_at: datetime


class CoOpinionFellDue(Event):
    """The same, addressed to the co-handler."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "case_id"
    addressed: ClassVar[bool] = True

    case_id: uuid.UUID
    number: str
    organisation: str
    assignment_id: uuid.UUID
    due_at: datetime
