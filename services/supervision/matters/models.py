"""Matters whose handling left somebody dissatisfied: the list that the standing committee supervises (督办)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from services.supervision.models import Base
from shared.db import utc_column


class DissatisfiedMatter(Base, table=True):
    """A case of routing that a rating reopened. Ids only; the rest is told by the newest version of the case seen."""

    __tablename__ = "dissatisfied_matter"
    __table_args__ = (Index("dissatisfied_matter_open", "case_id", postgresql_where=text("status = 'open'")),)

    case_id: uuid.UUID = Field(primary_key=True)
    site: str
    department: str
    round: int
    status: str
    case_version: int
    opened_at: datetime | None = utc_column(nullable=True, default=None)
    closed_at: datetime | None = utc_column(nullable=True, default=None)
