"""Slots that hosts offer, and who booked them. How to reach the visitor is sealed under a key of each appointment."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Text
from sqlalchemy import text as sql
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Slot(Base, table=True):
    """A time that a host offers. `host` is a deputy's or an organisation's, as text: slots of one host never overlap.

    The migration holds that by an exclusion constraint (`one_place_at_a_time`), withdrawn slots apart.
    """

    __tablename__ = "appointment_slot"
    __table_args__ = (
        CheckConstraint("(deputy_id IS NULL) <> (organisation IS NULL)", name="one_host"),
        CheckConstraint("starts_at < ends_at", name="slot_in_order"),
        Index("slot_by_deputy", "deputy_id", "starts_at"),
        Index("slot_by_organisation", "organisation", "starts_at"),
    )

    id: uuid.UUID = Field(primary_key=True)
    site: str
    host: str
    deputy_id: uuid.UUID | None = None
    organisation: str | None = None
    region: str
    starts_at: datetime = utc_column()
    ends_at: datetime = utc_column()
    channel: str
    station_id: uuid.UUID | None = None
    link: str | None = None
    withdrawn_at: datetime | None = utc_column(nullable=True, default=None)
    offered_by: uuid.UUID
    offered_at: datetime = utc_column()


class Booking(Base, table=True):
    """A booked slot. `state`: booked, cancelled or concluded. One booking that stands for each slot, by a unique index."""

    __tablename__ = "appointment"
    __table_args__ = (Index("no_double_booking", "slot_id", unique=True, postgresql_where=sql("state <> 'cancelled'")),)

    id: uuid.UUID = Field(primary_key=True)
    slot_id: uuid.UUID = Field(foreign_key="appointment_slot.id")
    number: str = Field(unique=True)
    lookup_salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    lookup_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    topic: str = Field(sa_column=Column(Text, nullable=False))
    key_wrapped: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    name_box: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    phone_box: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    state: str = "booked"
    cancelled_by: str | None = None
    outcome: str | None = None
    note: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    opinion_id: uuid.UUID | None = Field(default=None, foreign_key="opinion.id")
    version: int = 1
    booked_at: datetime = utc_column()
    concluded_at: datetime | None = utc_column(nullable=True, default=None)
