"""Links (双联系), the contact log, and the reminders of minimums that were told."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Link(Base, table=True):
    """Who is to keep contact with whom: with another deputy, or with the people of a region. `ends_on` is the last day."""

    __tablename__ = "contact_link"
    __table_args__ = (
        Index(
            "linked_once",
            "kind",
            "from_deputy_id",
            sql("coalesce(to_deputy_id::text, region)"),
            unique=True,
            postgresql_where=sql("ends_on IS NULL"),
        ),
        Index("link_to", "to_deputy_id"),
        Index("link_by_region", "region", "id"),
        CheckConstraint("ends_on IS NULL OR starts_on <= ends_on", name="link_in_order"),
    )

    id: uuid.UUID = Field(primary_key=True)
    kind: str
    from_deputy_id: uuid.UUID
    to_deputy_id: uuid.UUID | None = None
    region: str
    starts_on: date
    ends_on: date | None = None
    version: int = 1
    entered_by: uuid.UUID


class Entry(Base, table=True):
    """A contact of a deputy with people. `on` is the day in China; one that was struck out counts no longer and stays.

    `note` is masked before it is kept. `matters` counts the opinions taken in with it.
    """

    __tablename__ = "contact_log"
    __table_args__ = (Index("contact_by_deputy", "deputy_id", "on"), Index("contact_by_region", "region", "id"))

    id: uuid.UUID = Field(primary_key=True)
    site: str
    deputy_id: uuid.UUID
    kind: str
    measures: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    on: date
    channel: str
    persons: int
    region: str
    link_id: uuid.UUID | None = Field(default=None, foreign_key="contact_link.id")
    meeting_id: uuid.UUID | None = None
    matters: int = 0
    note: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    struck_because: str | None = None
    struck_at: datetime | None = utc_column(nullable=True, default=None)
    logged_by: uuid.UUID
    logged_at: datetime = utc_column()


class Reminder(Base, table=True):
    """A deputy was told to be below a minimum: the key makes it once for each measure and period."""

    __tablename__ = "contact_reminder"

    deputy_id: uuid.UUID = Field(primary_key=True)
    measure: str = Field(primary_key=True)
    starts_on: date = Field(primary_key=True)
    ends_on: date
    done: int
    at_least: int
    told_at: datetime = utc_column()
