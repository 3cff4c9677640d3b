"""Exports: what was asked for by whom and what for, how far it is, and the rows until they are deleted."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Export(Base, table=True):
    """An export. `state`: under_way, ready or deleted. `after` is the sort key of the last row written, `region` what it covers."""

    __tablename__ = "export"
    __table_args__ = (
        Index("export_to_do", "asked_at", postgresql_where=sql("state = 'under_way'")),
        Index("export_by_time", "asked_at"),
    )

    id: uuid.UUID = Field(primary_key=True)
    what: str
    wanted: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    region: str
    lang: str
    purpose: str
    by: uuid.UUID
    state: str = "under_way"
    total: int
    done: int = 0
    after: list[str] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))
    asked_at: datetime = utc_column()
    finished_at: datetime | None = utc_column(nullable=True, default=None)


class ExportPage(Base, table=True):
    """Rows of an export, each a list of cells; the first page begins with the heading. Without contact data, texts masked."""

    __tablename__ = "export_page"

    export_id: uuid.UUID = Field(sa_column=Column(Uuid, ForeignKey("export.id", ondelete="CASCADE"), primary_key=True))
    position: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    rows: list[list[Any]] = Field(sa_column=Column(JSONB, nullable=False))
