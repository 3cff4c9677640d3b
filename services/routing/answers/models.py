"""Tables of answers: to which signer a reply went, when it was carried out, when it was published."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Column, Text
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class Answer(Base, table=True):
    """The reply of a round as it goes to a signer (答复), and its receipt (回执)."""

    __tablename__ = "answer"

    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    round: int = Field(primary_key=True)
    deputy_id: uuid.UUID = Field(primary_key=True)
    part: str
    sent_at: datetime = utc_column()
    received_at: datetime | None = utc_column(nullable=True, default=None)


class Delivery(Base, table=True):
    """What a reply said was solved has been carried out (落实): on which day in China, and what shows it. Masked."""

    __tablename__ = "delivery"

    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    round: int = Field(primary_key=True)
    department: str
    delivered_on: date
    evidence: str = Field(sa_column=Column(Text, nullable=False))
    recorded_at: datetime = utc_column()


class PublishedReply(Base, table=True):
    """A reply that was published, as it was then: masked, and with no more words than may be. None stands for words kept back."""

    __tablename__ = "published_reply"

    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    round: int = Field(primary_key=True)
    title: str
    suggestion: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    reply: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    published_at: datetime = utc_column()
    by_account: uuid.UUID
    profile_version: str
