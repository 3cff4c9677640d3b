"""The table of pauses (暂停计时)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class PauseRow(Base, table=True):
    """The clock of a case stood still from `since` to `resumed_at`, or to `ends_at`, the longest that the rules give."""

    __tablename__ = "pause"
    __table_args__ = (Index("pause_of_case", "case_id", "since"),)

    id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    round: int
    ground: str
    note: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    since: datetime = utc_column()
    ends_at: datetime = utc_column()
    resumed_at: datetime | None = utc_column(nullable=True)
    by_account: uuid.UUID
