"""The table of contacts with senders. A contact is only ever added."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class Contact(Base, table=True):
    """A contact of the lead department with the sender (联系沟通) in a round. The summary is masked before it is kept."""

    __tablename__ = "contact"
    __table_args__ = (Index("contact_of_case", "case_id", "round"),)

    id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    round: int
    phase: str
    how: str
    held_at: datetime = utc_column()
    summary: str = Field(sa_column=Column(Text, nullable=False))
    organisation: str
    by_account: uuid.UUID
    recorded_at: datetime = utc_column()
