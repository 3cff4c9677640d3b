"""Facts that intake tells of receptions, contact days and meetings of deputies with people. Ids only: no text, no person."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import ClassVar, Literal

from shared.events.base import Event

Presence = Literal["present", "leave", "absent"]
"""出席, 请假, 缺席."""
MeetingChannel = Literal["onsite", "online"]
"""线下, 线上 (云上云下): one record for both."""
MatterStage = Literal["instant", "study", "follow_up"]
"""即席接待, 专题研究, 跟踪督办 (S0 武进)."""


class ReceptionPlanned(Event):
    """A reception, contact day or meeting was planned, or moved to another time. `partners`: regions it is held together with."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "reception_id"
    open_to_all: ClassVar[bool] = True

    reception_id: uuid.UUID
    kind: str
    region: str
    station_id: uuid.UUID | None
    partners: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    version_no: int


class ReceptionAnnounced(Event):
    """The notice of a reception is due: so many days before it as the place's rule says. `deputies` are those expected."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "reception_id"

    reception_id: uuid.UUID
    kind: str
    region: str
    station_id: uuid.UUID | None
    starts_at: datetime
    deputies: tuple[uuid.UUID, ...]


class ReceptionCancelled(Event):
    """A planned reception will not be held. The reason is on its page."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "reception_id"
    open_to_all: ClassVar[bool] = True

    reception_id: uuid.UUID
    kind: str
    region: str


class AttendanceRecorded(Event):
    """Whether a deputy attended a reception, told once, when it was concluded. `by_code`: the deputy scanned the station's code."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "deputy_id"

    reception_id: uuid.UUID
    deputy_id: uuid.UUID
    kind: str
    presence: Presence
    channel: MeetingChannel | None
    by_code: bool
    on: date


class ReceptionConcluded(Event):
    """A reception was held and its record is complete. `persons` counts those received and the audience given as a number."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "reception_id"

    reception_id: uuid.UUID
    kind: str
    region: str
    station_id: uuid.UUID | None
    on: date
    deputies_present: int
    persons: int
    matters: int
    declined: int


class MatterStageReached(Event):
    """A matter taken at a reception reached a stage: 即席接待 → 专题研究 → 跟踪督办, or was settled in the stage it was in."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "matter_id"

    matter_id: uuid.UUID
    reception_id: uuid.UUID
    opinion_id: uuid.UUID
    stage: MatterStage
    settled: bool
    version_no: int
