"""The steps of the fast lane (即事即提、即办即回) that are owed beside the reply: a plan, and an effect that can be seen."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, DateTime, Index, Text
from sqlalchemy import text as sql
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class FastLaneStep(Base, table=True):
    """A step owed since a hand-over. One whose hand-over or round is not the case's newest any more is owed no longer."""

    __tablename__ = "fast_lane_step"
    __table_args__ = (Index("fast_lane_step_falling_due", "due_at", postgresql_where=sql("done_at IS NULL AND late_told_at IS NULL")),)

    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    handed_over_at: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    step: str = Field(primary_key=True)
    due_at: datetime = utc_column()
    done_at: datetime | None = utc_column(nullable=True, default=None)
    evidence: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    by_organisation: str | None = None
    late_told_at: datetime | None = utc_column(nullable=True, default=None)
