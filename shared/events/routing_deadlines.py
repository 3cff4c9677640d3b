"""Facts that routing tells about deadlines that moved after they were set."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from shared.events.base import Event
from shared.events.routing import CaseEvent


class DeadlineRecomputed(CaseEvent):
    """A reply is due at another moment, or no longer provisionally, because a new calendar is in force. `calendar` names it."""

    department: str
    due_before: datetime
    due_at: datetime
    due_is_provisional: bool
    calendar: str


class AssignmentDueMoved(Event):
    """An organisation's part in a case is due at another moment. One event per organisation, addressed to it alone."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "assignment_id"
    addressed: ClassVar[bool] = True

    assignment_id: uuid.UUID
    case_id: uuid.UUID
    number: str
    organisation: str
    round: int
    due_at: datetime
    due_is_provisional: bool
