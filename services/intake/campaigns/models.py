"""Calls for opinions (征集). Their opinions are in `opinion`, channel `campaign`."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Column, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Campaign(Base, table=True):
    """A call for opinions: what for (`kind`), where (`region` and below), when (both days belong to the window) and on what.

    `categories` are codes of the profile; none means all of them. `closed_at` is when it was found closed, by its last day or
    early with a reason; `received` is counted then.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        Index("campaign_by_window", "opens_on", "id"),
        Index("campaign_open", "closes_on", "id", postgresql_where=sql("closed_at IS NULL")),
    )

    id: uuid.UUID = Field(primary_key=True)
    site: str
    kind: str
    title: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    region: str
    categories: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    opens_on: date
    closes_on: date
    closed_at: datetime | None = utc_column(nullable=True, default=None)
    closed_because: str | None = None
    received: int | None = None
    outcome: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    reported_at: datetime | None = utc_column(nullable=True, default=None)
    version: int = 1
    profile_version: str
    entered_by: uuid.UUID
    entered_at: datetime = utc_column()
