"""Pre-assignments (预交办): which unit is asked for which part in a case, with what requirements, and what it said."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class PreAssignment(Base, table=True):
    """A unit's provisional part in a case that is not handed over yet.

    `state`: asked, confirmed, objected (it is the desk's again), used (handed over to it) or ended (others were asked or given it).
    """

    __tablename__ = "pre_assignment"
    __table_args__ = (
        Index("pre_assignment_of_organisation", "organisation", sql("asked_at DESC"), sql("id DESC")),
        Index("pre_assignment_of_case", "case_id"),
        Index("pre_assignment_falling_due", "due_at", postgresql_where=sql("state = 'asked' AND late_told_at IS NULL")),
    )

    id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    organisation: str
    part: str
    requirements: str = Field(sa_column=Column(Text, nullable=False))
    state: str
    reason: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    asked_at: datetime = utc_column()
    due_at: datetime = utc_column()
    due_is_provisional: bool
    answered_at: datetime | None = utc_column(nullable=True, default=None)
    late_told_at: datetime | None = utc_column(nullable=True, default=None)
