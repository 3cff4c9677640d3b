"""Bulk jobs: what was asked for by whom, the cases it is about, how each ended, and the rows of an export until they are deleted."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, Text, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class Job(Base, table=True):
    """A bulk assignment or an export. `state`: under_way, ready or deleted. `role` to `permissions` are those of who asked, at that time:
    what the job does is done as by them."""

    __tablename__ = "job"
    __table_args__ = (
        Index("job_to_do", "asked_at", "id", postgresql_where=sql("state = 'under_way'")),
        Index("job_of_account", "by", sql("asked_at DESC"), sql("id DESC")),
        Index("job_to_delete", "asked_at", postgresql_where=sql("state = 'ready'")),
    )

    id: uuid.UUID = Field(primary_key=True)
    kind: str
    state: str
    wanted: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    lang: str
    by: uuid.UUID
    role: str
    organisation: str | None = None
    region: str
    permissions: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    total: int
    done: int = 0
    refused: int = 0
    asked_at: datetime = utc_column()
    finished_at: datetime | None = utc_column(nullable=True, default=None)


class JobItem(Base, table=True):
    """A case of a job in the version that it was chosen in. `outcome` is `done`, or the name of the refusal; NULL until its turn."""

    __tablename__ = "job_item"

    job_id: uuid.UUID = Field(sa_column=Column(Uuid, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True))
    position: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    case_id: uuid.UUID
    number: str | None = None
    version: int
    outcome: str | None = None


class JobPage(Base, table=True):
    """Rows of an export, each a list of cells; the first page begins with the heading."""

    __tablename__ = "job_page"

    job_id: uuid.UUID = Field(sa_column=Column(Uuid, ForeignKey("job.id", ondelete="CASCADE"), primary_key=True))
    position: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    rows: list[list[Any]] = Field(sa_column=Column(JSONB, nullable=False))
