"""Tables of evaluation: opinion forms, what came back by each channel, what co-signers said."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class OpinionForm(Base, table=True):
    """The opinion form (征询意见表) on a suggestion's reply, for its lead deputy. `channels` and `decides` are the profile's of its day.

    `state`: open until each channel has come back or the deadline has passed; then returned, not_returned, or ended when the case
    was over before. `region` is the case's.
    """

    __tablename__ = "opinion_form"
    __table_args__ = (
        Index("opinion_form_to_remind", "remind_at", postgresql_where=sql("state = 'open' AND reminded_at IS NULL")),
        Index("opinion_form_falling_due", "due_at", postgresql_where=sql("state = 'open'")),
        Index("opinion_form_by_calendar", "due_calendar", postgresql_where=sql("state = 'open'")),
        Index("opinion_form_of_deputy", "deputy_id", sql("sent_at DESC"), sql("case_id DESC")),
        Index("opinion_form_newest", sql("sent_at DESC"), sql("case_id DESC")),
    )

    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    round: int = Field(primary_key=True)
    deputy_id: uuid.UUID
    region: str
    channels: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    decides: str
    sent_at: datetime = utc_column()
    remind_at: datetime = utc_column()
    reminded_at: datetime | None = utc_column(nullable=True, default=None)
    due_at: datetime = utc_column()
    due_is_provisional: bool
    due_calendar: str
    state: str = "open"
    settled_at: datetime | None = utc_column(nullable=True, default=None)
    profile_version: str


class DeputyRating(Base, table=True):
    """What the lead deputy said of a reply by one channel: how it was handled (办理态度) and what came of it (办理结果).

    The comment is masked. `entered_by` is the account that entered a paper form.
    """

    __tablename__ = "deputy_rating"

    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    round: int = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    deputy_id: uuid.UUID
    attitude: str
    result: str
    comment: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    rated_at: datetime = utc_column()
    entered_by: uuid.UUID | None = None


class SignerComment(Base, table=True):
    """What a signer said of a reply without rating it; masked."""

    __tablename__ = "signer_comment"
    __table_args__ = (Index("signer_comment_of_case", "case_id", "at"),)

    id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    round: int
    deputy_id: uuid.UUID
    comment: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = utc_column()
