"""Receptions, contact days and meetings: who came, who was received, and what became of the matters taken.

The people received are numbered only: how to reach them is sealed with the opinion that each of their matters became.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Reception(Base, table=True):
    """A meeting of deputies with people, of a kind of the profile. `state`: planned, held or cancelled.

    At a station, or at a `place` in a region. `by_rule` is the day that the `calendar` meant when a day off moved it;
    `provisional` says that the year had no official calendar. `audience` counts viewers and visitors not received one by one.
    """

    __tablename__ = "reception"
    __table_args__ = (
        CheckConstraint("(station_id IS NULL) <> (place IS NULL)", name="at_a_station_or_a_place"),
        CheckConstraint("starts_at < ends_at", name="ends_after_it_starts"),
        Index(
            "one_reception_at_a_time",
            "station_id",
            "kind",
            "starts_at",
            unique=True,
            postgresql_where=sql("state <> 'cancelled' AND station_id IS NOT NULL"),
        ),
        Index("reception_by_time", "starts_at", "id"),
        Index("reception_to_announce", "starts_at", postgresql_where=sql("announced_at IS NULL AND state = 'planned'")),
    )

    id: uuid.UUID = Field(primary_key=True)
    site: str
    kind: str
    theme: str
    station_id: uuid.UUID | None = None
    place: str | None = None
    region: str
    partners: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    link: str | None = None
    starts_at: datetime = utc_column()
    ends_at: datetime = utc_column()
    calendar: str | None = None
    by_rule: date | None = None
    provisional: bool = False
    short_notice_reason: str | None = None
    state: str = "planned"
    cancelled_because: str | None = None
    announced_at: datetime | None = utc_column(nullable=True, default=None)
    concluded_at: datetime | None = utc_column(nullable=True, default=None)
    audience: int = 0
    version: int = 1
    profile_version: str
    entered_by: uuid.UUID
    entered_at: datetime = utc_column()


class Attendance(Base, table=True):
    """Of one deputy at one reception: expected, then present, on leave or absent. `code_id`: the station's code they scanned."""

    __tablename__ = "reception_attendance"
    __table_args__ = (Index("attendance_by_deputy", "deputy_id"),)

    reception_id: uuid.UUID = Field(primary_key=True, foreign_key="reception.id")
    deputy_id: uuid.UUID = Field(primary_key=True)
    presence: str
    channel: str | None = None
    code_id: uuid.UUID | None = None
    recorded_by: uuid.UUID
    recorded_at: datetime = utc_column()


class Expert(Base, table=True):
    """An expert who sits beside the deputies (立法咨询专家): they act in public, so the name is no secret."""

    __tablename__ = "reception_expert"

    reception_id: uuid.UUID = Field(primary_key=True, foreign_key="reception.id")
    position: int = Field(primary_key=True)
    name: str
    field: str


class Received(Base, table=True):
    """A person received, without a name."""

    __tablename__ = "reception_received"
    __table_args__ = (Index("received_at_reception", "reception_id", "id"),)

    id: uuid.UUID = Field(primary_key=True)
    reception_id: uuid.UUID = Field(foreign_key="reception.id")
    channel: str
    entered_by: uuid.UUID
    received_at: datetime = utc_column()


class Matter(Base, table=True):
    """A matter that a person received brought: taken, and then an opinion, or declined on a ground of the profile."""

    __tablename__ = "reception_matter"
    __table_args__ = (
        CheckConstraint("(opinion_id IS NULL) <> (declined IS NULL)", name="taken_or_declined"),
        Index("matter_at_reception", "reception_id", "id"),
    )

    id: uuid.UUID = Field(primary_key=True)
    reception_id: uuid.UUID = Field(foreign_key="reception.id")
    received_id: uuid.UUID = Field(foreign_key="reception_received.id")
    opinion_id: uuid.UUID | None = Field(default=None, foreign_key="opinion.id", unique=True)
    declined: str | None = None
    stage: str = "instant"
    settled: bool = False
    version: int = 1


class MatterStep(Base, table=True):
    """How a matter came to a stage, or was settled in it. Never changed."""

    __tablename__ = "reception_matter_step"

    matter_id: uuid.UUID = Field(primary_key=True, foreign_key="reception_matter.id")
    version: int = Field(primary_key=True)
    stage: str
    settled: bool
    note: str = Field(sa_column=Column(Text, nullable=False))
    by: uuid.UUID
    at: datetime = utc_column()


class Comment(Base, table=True):
    """A viewer's comment on a live meeting: pending until staff show or hide it. Numbers in it are masked before it is kept."""

    __tablename__ = "reception_comment"
    __table_args__ = (Index("comment_at_reception", "reception_id", "id"),)

    id: uuid.UUID = Field(primary_key=True)
    reception_id: uuid.UUID = Field(foreign_key="reception.id")
    text: str = Field(sa_column=Column(Text, nullable=False))
    state: str = "pending"
    decided_by: uuid.UUID | None = None
    sent_at: datetime = utc_column()
