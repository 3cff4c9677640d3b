"""What was erased and what must not be. Both hold ids and codes only, and outlive the data they are about."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Erasure(Base, table=True):
    """The key of a matter's contact data was destroyed. The list is carried over a restore and applied anew (decision record 0025)."""

    __tablename__ = "erasure"
    __table_args__ = (Index("erasure_by_time", "erased_at"),)

    matter_id: uuid.UUID = Field(primary_key=True)
    kind: str
    ground: str
    by: uuid.UUID | None = None
    erased_at: datetime = utc_column()


class LegalHold(Base, table=True):
    """A matter's contact data must be kept on a ground of the profile until the hold is lifted."""

    __tablename__ = "legal_hold"
    __table_args__ = (Index("one_hold_a_matter", "matter_id", unique=True, postgresql_where=sql("lifted_at IS NULL")),)

    id: uuid.UUID = Field(primary_key=True)
    matter_id: uuid.UUID
    kind: str
    ground: str
    by: uuid.UUID
    held_at: datetime = utc_column()
    lifted_by: uuid.UUID | None = None
    lifted_at: datetime | None = utc_column(nullable=True, default=None)
