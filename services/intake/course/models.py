"""Tables of an opinion on its way: what its sender added, and what a deputy answered alone."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Supplement(Base, table=True):
    """What the sender added before the answer, as sent."""

    __tablename__ = "supplement"
    __table_args__ = (Index("supplement_of_opinion", "opinion_id", "id"),)

    id: uuid.UUID = Field(primary_key=True)
    opinion_id: uuid.UUID = Field(foreign_key="opinion.id")
    text: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = utc_column()


class RepAnswer(Base, table=True):
    """A deputy's own answer (`answered`, then `accepted` or `declined` by the sender), or that it was `missed`."""

    __tablename__ = "rep_answer"
    __table_args__ = (Index("rep_answer_by_deputy", "deputy_id", "at"),)

    opinion_id: uuid.UUID = Field(primary_key=True, foreign_key="opinion.id")
    deputy_id: uuid.UUID
    state: str
    text: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    at: datetime = utc_column()
    judged_at: datetime | None = utc_column(nullable=True, default=None)
