"""Tables of the promise ledger (承诺事项台账). What a promise was before each change is only ever added to."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class Promise(Base, table=True):
    """Something that a department promised by a day. `due_at` is the end of that day; `region` and `number` are the case's.

    `state`: open, changed (owed by another day), kept, ended (owed no more, `ended_because`). `overdue_told`: the lateness of the day in
    force was told. `source`: the reply of `round`, or the meeting `meeting_id`.
    """

    __tablename__ = "promise"
    __table_args__ = (
        Index("promise_by_due", "due_at", "id"),
        Index("promise_of_department", "department", "due_at", "id"),
        Index("promise_of_case", "case_id"),
        Index("promise_falling_due", "due_at", postgresql_where=sql("state IN ('open', 'changed') AND NOT overdue_told")),
    )

    id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    number: str
    region: str
    department: str
    round: int
    source: str
    meeting_id: uuid.UUID | None = None
    promised: str = Field(sa_column=Column(Text, nullable=False))
    promised_by: date
    due_at: datetime = utc_column()
    made_at: datetime = utc_column()
    state: str = "open"
    overdue_told: bool = False
    settled_at: datetime | None = utc_column(nullable=True, default=None)
    delivered_at: datetime | None = utc_column(nullable=True, default=None)
    evidence: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    ended_because: str | None = None
    version: int = 1
    profile_version: str


class PromiseChange(Base, table=True):
    """A promised day that was put off or brought forward: by which body's leave, and why. `version` is the promise's after it."""

    __tablename__ = "promise_change"

    promise_id: uuid.UUID = Field(primary_key=True, foreign_key="promise.id")
    version: int = Field(primary_key=True)
    before: date
    promised_by: date
    reason: str = Field(sa_column=Column(Text, nullable=False))
    agreed_by: str
    at: datetime = utc_column()
    by_account: uuid.UUID


class PromiseRating(Base, table=True):
    """A rating of a kept or changed promise (重庆 24-28), entered by the desk. `version` is the promise's after it."""

    __tablename__ = "promise_rating"

    promise_id: uuid.UUID = Field(primary_key=True, foreign_key="promise.id")
    version: int = Field(primary_key=True)
    by: str
    level: str
    comment: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    at: datetime = utc_column()
    entered_by: uuid.UUID
