"""Tables of cases that other systems work on too (民情直通, 12345): what was handed out, and each status they reported."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class HandedOut(Base, table=True):
    """A case that waits for another system's adapter to fetch it (`queued`), or was fetched under the other system's `external_id`.

    `state`: queued, received, handling, done, returned. `text` is what the other system gets: masked.
    """

    __tablename__ = "handed_out"
    __table_args__ = (
        Index("handed_out_queue", "adapter", "id", postgresql_where=sql("state = 'queued'")),
        Index("handed_out_of_case", "case_id"),
        Index("external_id_once", "adapter", "external_id", unique=True, postgresql_where=sql("external_id IS NOT NULL")),
    )

    id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    number: str
    region: str
    adapter: str
    category: str | None = None
    title: str = Field(sa_column=Column(Text, nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))
    state: str = "queued"
    external_id: str | None = None
    at: datetime = utc_column()
    by_account: uuid.UUID
    profile_version: str


class ExternalStatus(Base, table=True):
    """A status that another system reported, by its own id for the report: what is sent twice counts once. `applied`: it had effect."""

    __tablename__ = "external_status"

    adapter: str = Field(primary_key=True)
    report_id: str = Field(primary_key=True)
    handed_out_id: uuid.UUID = Field(foreign_key="handed_out.id")
    status: str
    state: str
    note: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    applied: bool
    at: datetime = utc_column()
