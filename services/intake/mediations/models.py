"""Mediation before a lawsuit (先行调解). Names and telephone numbers of the parties are sealed, a key for each party."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Text
from sqlalchemy import text as sql
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Mediation(Base, table=True):
    """A dispute taken in for mediation. `state`: opened, in_mediation once each party has agreed, concluded with an `outcome`."""

    __tablename__ = "mediation"
    __table_args__ = (Index("mediation_by_region", "region", "id"), Index("mediation_concluded", "concluded_on"))

    id: uuid.UUID = Field(primary_key=True)
    site: str
    kind: str
    source: str
    region: str
    summary: str = Field(sa_column=Column(Text, nullable=False))
    state: str = "opened"
    outcome: str | None = None
    result: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    concluded_on: date | None = None
    version: int = 1
    profile_version: str
    entered_by: uuid.UUID
    opened_on: date
    opened_at: datetime = utc_column()


class Party(Base, table=True):
    """A party to a dispute, sealed. `agreed_at`: when they agreed to mediation."""

    __tablename__ = "mediation_party"
    __table_args__ = (Index("party_of_mediation", "mediation_id", "id"),)

    id: uuid.UUID = Field(primary_key=True)
    mediation_id: uuid.UUID = Field(foreign_key="mediation.id")
    side: str
    key_wrapped: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    name_box: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    phone_box: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    agreed_at: datetime | None = utc_column(nullable=True, default=None)


class Mediator(Base, table=True):
    """Who mediates: a deputy, or an invited mediator by name, who declared to have no interest in the matter."""

    __tablename__ = "mediation_mediator"
    __table_args__ = (
        CheckConstraint("(deputy_id IS NULL) <> (name IS NULL)", name="deputy_or_invited"),
        Index("appointed_once", "mediation_id", sql("coalesce(deputy_id::text, name)"), unique=True),
        Index("mediator_deputy", "deputy_id"),
    )

    id: uuid.UUID = Field(primary_key=True)
    mediation_id: uuid.UUID = Field(foreign_key="mediation.id")
    deputy_id: uuid.UUID | None = None
    name: str | None = None
    appointed_by: uuid.UUID
    declared_at: datetime = utc_column()


class Session(Base, table=True):
    """A session of mediation, with a masked note."""

    __tablename__ = "mediation_session"
    __table_args__ = (Index("session_of_mediation", "mediation_id", "id"),)

    id: uuid.UUID = Field(primary_key=True)
    mediation_id: uuid.UUID = Field(foreign_key="mediation.id")
    on: date
    note: str = Field(sa_column=Column(Text, nullable=False))
    by: uuid.UUID
