"""Tables of meetings on cases (督办会、协调推进会、恳谈会、直办会 …)."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class Meeting(Base, table=True):
    """A meeting of a type of the profile, `said` as it was when it was called. `state`: called, held. `ticked` are the set parts that
    were done (规定环节)."""

    __tablename__ = "meeting"
    __table_args__ = (Index("meeting_newest", sql("held_on DESC"), sql("id DESC")), Index("meeting_by_type", "type", "held_on"))

    id: uuid.UUID = Field(primary_key=True)
    region: str
    type: str
    said: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    title: str
    held_on: date
    state: str = "called"
    ticked: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default="{}"))
    minutes: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    version: int = 1
    called_at: datetime = utc_column()
    called_by: uuid.UUID
    profile_version: str


class MeetingCase(Base, table=True):
    """A case on the agenda, and the votes on its handling: how many deputies for each level, once they were counted."""

    __tablename__ = "meeting_case"
    __table_args__ = (Index("meetings_of_case", "case_id"),)

    meeting_id: uuid.UUID = Field(primary_key=True, foreign_key="meeting.id")
    position: int = Field(primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    number: str
    votes: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))


class MeetingUnit(Base, table=True):
    """A unit that was called, and whether it was present; unknown before that was entered."""

    __tablename__ = "meeting_unit"
    __table_args__ = (Index("meetings_of_unit", "organisation"),)

    meeting_id: uuid.UUID = Field(primary_key=True, foreign_key="meeting.id")
    organisation: str = Field(primary_key=True)
    present: bool | None = None
