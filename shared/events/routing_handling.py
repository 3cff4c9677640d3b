"""Facts that routing tells of what happens between hand-over and reply."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar, Literal

from shared.events.base import Event
from shared.events.routing import CaseEvent


class CaseUpheld(CaseEvent):
    """The desk decided on an objection that the hand-over stands (维持交办): the same department goes on. The reason is masked."""

    department: str
    reason: str


class HandOverUpheld(Event):
    """The objection of this department was not followed: it goes on, and the reply is due as before. Addressed to it alone."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "case_id"
    addressed: ClassVar[bool] = True

    case_id: uuid.UUID
    number: str
    organisation: str
    round: int
    reason: str
    reply_due_at: datetime


class ObjectionUndecided(CaseEvent):
    """The desk has not decided on an objection in its time. Exactly one per objection."""

    department: str
    decide_by: datetime


class CaseContacted(CaseEvent):
    """The lead department has recorded a contact with the sender (联系沟通): which of the three meetings (三见面), how and when.

    What was said stays in the case.
    """

    department: str
    contact_id: uuid.UUID
    phase: Literal["before", "during", "after"]
    how: Literal["visit", "meeting", "phone", "letter", "online"]
    held_at: datetime


class ReplyDueSoon(Event):
    """The light of a case turned yellow (亮黄灯): most of the time for the reply is over. Once a hand-over, addressed to the lead."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "case_id"
    addressed: ClassVar[bool] = True

    case_id: uuid.UUID
    number: str
    organisation: str
    round: int
    due_at: datetime


class ReplyPushed(Event):
    """A reply that was due is pushed for (催办): at its deadline, and again as often as the profile says. Addressed to the lead.

    `push` counts from 1 by the time that has passed, so that after an outage one push stands for those that were missed.
    """

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "case_id"
    addressed: ClassVar[bool] = True

    case_id: uuid.UUID
    number: str
    organisation: str
    round: int
    due_at: datetime
    push: int
