"""Tables of the public board: what the desk put on it, and what the public said by one vote of a person or device.

A row of it never receives what the sender wrote: title and text are the desk's, masked again (architecture, section 7).
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, Text, text
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Publication(Base, table=True):
    """An opinion whose sender agreed to its publication: `offered`, `published`, `declined`, `taken_down` or `taken_back`."""

    __tablename__ = "publication"
    __table_args__ = (
        Index("publication_newest", "published_at", "opinion_id", postgresql_where=text("state = 'published'")),
        Index("publication_offered", "region", "agreed_at", postgresql_where=text("state = 'offered'")),
    )

    opinion_id: uuid.UUID = Field(primary_key=True, foreign_key="opinion.id")
    state: str
    region: str
    agreed_at: datetime = utc_column()
    title: str | None = None
    text: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    published_at: datetime | None = utc_column(nullable=True, default=None)
    published_by: uuid.UUID | None = None
    likes: int = 0
    version: int = 1


class PublishedReply(Base, table=True):
    """The reply of a round as the desk published it."""

    __tablename__ = "published_reply"

    opinion_id: uuid.UUID = Field(primary_key=True, foreign_key="publication.opinion_id")
    round: int = Field(primary_key=True)
    text: str = Field(sa_column=Column(Text, nullable=False))
    published_at: datetime = utc_column()
    published_by: uuid.UUID


class Like(Base, table=True):
    """A like (点赞): one of an account or device. `voter` differs from opinion to opinion: nobody can follow a person through them."""

    __tablename__ = "opinion_like"

    opinion_id: uuid.UUID = Field(primary_key=True, foreign_key="publication.opinion_id")
    voter: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    at: datetime = utc_column()


class Follow(Base, table=True):
    """Somebody follows an opinion on the board. `account_id` is whose inbox hears of it; a device has none."""

    __tablename__ = "opinion_follow"
    __table_args__ = (Index("opinion_follow_told", "opinion_id", postgresql_where=text("account_id IS NOT NULL")),)

    voter: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    opinion_id: uuid.UUID = Field(primary_key=True, foreign_key="publication.opinion_id")
    at: datetime = utc_column()
    account_id: uuid.UUID | None = None


class Appraisal(Base, table=True):
    """An appraisal of a published reply (公共评议): one of an account or device, never changed."""

    __tablename__ = "reply_appraisal"

    opinion_id: uuid.UUID = Field(primary_key=True, foreign_key="publication.opinion_id")
    round: int = Field(primary_key=True)
    voter: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    level: str
    at: datetime = utc_column()
