"""Tables of second appraisals (二次评价): the group's seats and what each voted."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class SecondAppraisal(Base, table=True):
    """A second appraisal of a case's round by a group. `quorum` and `threshold` are the profile's of its day, in percent.

    `state`: open, passed, failed (the case was handed over again), called_off. `region` and `number` are the case's.
    """

    __tablename__ = "second_appraisal"
    __table_args__ = (
        Index("second_appraisal_open", "case_id", unique=True, postgresql_where=sql("state = 'open'")),
        Index("second_appraisal_of_case", "case_id"),
        Index("second_appraisal_newest", sql("opened_at DESC"), sql("id DESC")),
    )

    id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    number: str
    region: str
    round: int
    state: str = "open"
    quorum: int
    threshold: int
    opened_at: datetime = utc_column()
    opened_by: uuid.UUID
    ended_at: datetime | None = utc_column(nullable=True, default=None)
    reason: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    profile_version: str


class Seat(Base, table=True):
    """A seat of the group: a deputy's, or that of a voter (选民) who was invited, whose slip the desk enters. Nobody is named here.

    `entered_by` is the account that entered a slip.
    """

    __tablename__ = "second_appraisal_seat"
    __table_args__ = (Index("second_appraisal_seat_of_deputy", "deputy_id", postgresql_where=sql("deputy_id IS NOT NULL")),)

    appraisal_id: uuid.UUID = Field(primary_key=True, foreign_key="second_appraisal.id")
    seat: int = Field(primary_key=True)
    kind: str
    deputy_id: uuid.UUID | None = None
    level: str | None = None
    cast_at: datetime | None = utc_column(nullable=True, default=None)
    entered_by: uuid.UUID | None = None
