"""The table of extensions (延期): asked by the lead, agreed to or declined by the desk."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class ExtensionRow(Base, table=True):
    """A request for more time in a round. `state` is asked, agreed or declined; one that nobody decides lapses with its hand-over."""

    __tablename__ = "extension"
    __table_args__ = (Index("extension_of_case", "case_id", "asked_at"),)

    id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    round: int
    n: int
    unit: str
    reason: str = Field(sa_column=Column(Text, nullable=False))
    organisation: str
    asked_by: uuid.UUID
    asked_at: datetime = utc_column()
    state: str
    agreed_by: str | None = None
    note: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    decided_by: uuid.UUID | None = None
    decided_at: datetime | None = utc_column(nullable=True)
