"""Facts that routing tells about supervision (督办): promises, look-backs, key cases, pushes, meetings.

None of them changes the case: `case_version` is the version that it had. Free text is masked.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from shared.events.base import Event
from shared.events.intake import RatingLevel
from shared.events.routing import CaseEvent


class PromiseEvent(CaseEvent):
    """What all facts about a promise share. `round` is the case's; `promised_by` is the day in force after the fact."""

    key: ClassVar[str] = "promise_id"

    promise_id: uuid.UUID
    department: str
    promised_by: date


class PromiseMade(PromiseEvent):
    """A department promised something by a day, in a reply or at a meeting."""

    source: Literal["reply", "meeting"]
    promised: str


class PromiseKept(PromiseEvent):
    """What was promised is there (落实), with what shows it."""

    delivered_at: datetime
    evidence: str
    on_time: bool


class PromiseChanged(PromiseEvent):
    """A promise is to be kept by another day; `agreed_by` is the body that agreed."""

    before: date
    reason: str
    agreed_by: str


class PromiseOverdue(PromiseEvent):
    """The promised day is over and nothing was delivered. Exactly one per promise and promised day."""


class PromiseFellDue(Event):
    """The same, addressed to the department that promised."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "promise_id"
    addressed: ClassVar[bool] = True

    promise_id: uuid.UUID
    case_id: uuid.UUID
    number: str
    organisation: str
    promised_by: date


class PromiseEnded(PromiseEvent):
    """A promise is owed no more though it was not kept: its case got another reply, or was withdrawn."""

    because: Literal["replied_again", "withdrawn"]


class PromiseRated(PromiseEvent):
    """Who raised the matter rated again, after the promise was kept or changed (重庆 24-28)."""

    by: Literal["lead_deputy", "resident"]
    level: RatingLevel


class LookBackOpened(Event):
    """A look-back (回头看) has all its items."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "look_back_id"

    look_back_id: uuid.UUID
    region: str
    items: int


class LookBackItemFound(CaseEvent):
    """An item of a look-back was looked at. `supervised`: it was not done, and the case is supervised since."""

    look_back_id: uuid.UUID
    department: str | None
    finding: Literal["done", "in_progress", "not_done"]
    supervised: bool


class LookBackClosed(Event):
    """A look-back is over; how many of its items had which finding, and how many were never looked at."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "look_back_id"

    look_back_id: uuid.UUID
    items: int
    done: int
    in_progress: int
    not_done: int
    unseen: int


class KeyCaseFlagged(CaseEvent):
    """The chairpersons' council (主任会议) made a case a key one (代表法 52)."""

    decision_number: str
    decided_on: date
    ground: str
    led_by: tuple[str, ...]
    supervised_by: tuple[str, ...]


class KeyCaseUnflagged(CaseEvent):
    """The council decided that a case is no key one any more."""

    decision_number: str
    decided_on: date


class SupervisorJoined(CaseEvent):
    """A body supervises a case beside others (联督联促), in a role of the profile."""

    body: str
    role: str


class SupervisorLeft(CaseEvent):
    """A body supervises a case no more."""

    body: str


class SupervisionNoted(CaseEvent):
    """Who supervises a case wrote a note on it: a push, or what a follow-up found."""

    note: Literal["push", "follow_up"]
    body: str


class SupervisionPushed(Event):
    """Who supervises a case pushes its lead (督办). Addressed to the lead alone."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "case_id"
    addressed: ClassVar[bool] = True

    case_id: uuid.UUID
    number: str
    organisation: str
    body: str
    text: str


class MeetingCalled(Event):
    """A meeting on cases was called."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "meeting_id"

    meeting_id: uuid.UUID
    region: str
    type: str
    held_on: date
    cases: tuple[uuid.UUID, ...]


class UnitCalled(Event):
    """A unit is to be present at a meeting. Addressed to it alone."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "meeting_id"
    addressed: ClassVar[bool] = True

    meeting_id: uuid.UUID
    organisation: str
    type: str
    held_on: date


class LevelVotes(BaseModel):
    """How many voted for a level."""

    model_config = ConfigDict(frozen=True)

    level: RatingLevel
    votes: int


class CaseTested(CaseEvent):
    """The deputies present voted on the handling of a case (专项测评): how many for each level."""

    meeting_id: uuid.UUID
    votes: tuple[LevelVotes, ...]


class MeetingHeld(Event):
    """A meeting was held with all its set parts; the minutes are masked."""

    producer: ClassVar[str] = "routing"
    key: ClassVar[str] = "meeting_id"

    meeting_id: uuid.UUID
    type: str
    held_on: date
    minutes: str
