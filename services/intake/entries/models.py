"""The register of opinions that staff entered on behalf (社情民意登记): how each came, beside the opinion itself."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Entry(Base, table=True):
    """One entry. `id` stands for the scanned code of its opinion; `consent` says how the person agreed to their data being kept."""

    __tablename__ = "entry"
    __table_args__ = (
        Index("entry_by_region", "region", "received_at", "id"),
        CheckConstraint("persons >= 1", name="somebody_spoke"),
    )

    id: uuid.UUID = Field(primary_key=True)
    opinion_id: uuid.UUID = Field(foreign_key="opinion.id", unique=True)
    number: str
    source: str
    station_id: uuid.UUID
    region: str
    received_at: datetime = utc_column()
    persons: int
    deputies: list[uuid.UUID] = Field(sa_column=Column(ARRAY(Uuid()), nullable=False))
    advice: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    paper: str | None = None
    consent: str | None = None
    entered_by: uuid.UUID
    entered_at: datetime = utc_column()
