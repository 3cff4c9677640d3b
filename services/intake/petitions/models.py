"""Petitions through a deputy (信访代办): consent, transfers and their answers. Who petitions is sealed under a key of each."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, Text
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Petition(Base, table=True):
    """A petition. `state`: awaiting_consent, consented, transferred, answered, closed; then `end` says how.

    `consent_by` is the petitioner (with the lookup code) or paper, whose `consent_document` names the signed sheet.
    """

    __tablename__ = "petition"
    __table_args__ = (Index("petition_by_deputy", "deputy_id", "id"), Index("petition_by_region", "region", "id"))

    id: uuid.UUID = Field(primary_key=True)
    site: str
    number: str = Field(unique=True)
    lookup_salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    lookup_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    key_wrapped: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    name_box: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    phone_box: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    deputy_id: uuid.UUID
    region: str
    title: str = Field(sa_column=Column(Text, nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))
    state: str
    consent_by: str | None = None
    consent_document: str | None = None
    consent_at: datetime | None = utc_column(nullable=True, default=None)
    end: str | None = None
    ground: str | None = None
    told: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    lead_opinion_id: uuid.UUID | None = Field(default=None, foreign_key="opinion.id")
    closed_at: datetime | None = utc_column(nullable=True, default=None)
    version: int = 1
    profile_version: str
    entered_by: uuid.UUID
    entered_at: datetime = utc_column()


class Transfer(Base, table=True):
    """A petition was passed on to an organ, and what it answered."""

    __tablename__ = "petition_transfer"
    __table_args__ = (Index("transfer_of_petition", "petition_id", "id"),)

    id: uuid.UUID = Field(primary_key=True)
    petition_id: uuid.UUID = Field(foreign_key="petition.id")
    organisation: str
    method: str
    reference: str | None = None
    due_at: datetime = utc_column()
    due_provisional: bool
    answer: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    answered_at: datetime | None = utc_column(nullable=True, default=None)
    by: uuid.UUID
    at: datetime = utc_column()
