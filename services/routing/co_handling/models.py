"""The tables of co-handlers' opinions (协办意见): what each owes, and what it has said."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class CoOpinion(Base, table=True):
    """What a co-handler owes the lead by its assignment. `turn` counts how often it was asked; `late_told` is of the newest turn."""

    __tablename__ = "co_opinion"
    __table_args__ = (
        Index("co_opinion_of_case", "case_id"),
        Index("co_opinion_owed", "due_at", postgresql_where=sql("given_at IS NULL AND NOT late_told")),
    )

    assignment_id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    organisation: str
    round: int
    due_at: datetime = utc_column()
    turn: int = 1
    given_at: datetime | None = utc_column(nullable=True, default=None)
    late_told: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})
    asked_again: str | None = Field(default=None, sa_column=Column(Text, nullable=True))


class CoOpinionText(Base, table=True):
    """What a co-handler said at a turn. Numbers of persons are masked before it is kept."""

    __tablename__ = "co_opinion_text"

    assignment_id: uuid.UUID = Field(primary_key=True)
    turn: int = Field(primary_key=True)
    text: str = Field(sa_column=Column(Text, nullable=False))
    document: str | None = None
    by_account: uuid.UUID
    given_at: datetime = utc_column()
    on_time: bool
