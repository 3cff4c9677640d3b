"""The table of what goes between congress and procuratorate (代表建议与检察建议双向衔接转化)."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class Transfer(Base, table=True):
    """A lead that a case gave to the procuratorate (`out`), or its suggestion that was tied to a case (`in`).

    `state`: handed_over → accepted | returned; accepted → documented → concluded; what comes in is tied. `documents` are references and
    numbers, never files. `due_at` is when documents, then the result, are due; `overdue_told` that its lateness was told.
    """

    __tablename__ = "procuratorate_transfer"
    __table_args__ = (
        Index("transfer_newest", sql("at DESC"), sql("id DESC")),
        Index("transfer_of_case", "case_id"),
        Index("handed_over_once", "case_id", unique=True, postgresql_where=sql("state IN ('handed_over', 'accepted', 'documented')")),
        Index("tied_once", "case_id", "reference", unique=True, postgresql_where=sql("direction = 'in'")),
        Index("transfer_falling_due", "due_at", postgresql_where=sql("state IN ('accepted', 'documented') AND NOT overdue_told")),
    )

    id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    number: str
    region: str
    direction: str
    field: str
    state: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    reference: str | None = None
    issued_on: date | None = None
    documents: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default="{}"))
    term_ends_on: date | None = None
    due_at: datetime | None = utc_column(nullable=True, default=None)
    due_is_provisional: bool = False
    overdue_told: bool = False
    result: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    reason: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    at: datetime = utc_column()
    answered_at: datetime | None = utc_column(nullable=True, default=None)
    documented_at: datetime | None = utc_column(nullable=True, default=None)
    concluded_at: datetime | None = utc_column(nullable=True, default=None)
    documents_on_time: bool | None = None
    result_on_time: bool | None = None
    version: int = 1
    by_account: uuid.UUID
    profile_version: str
