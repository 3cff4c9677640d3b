"""Notices and who has read them. A notice is addressed to an audience; nothing is copied for each account."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Identity, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import utc_column


class Base(SQLModel, registry=registry()):
    """Own metadata of this service."""

    __abstract__ = True


class Notice(Base, table=True):
    """What one audience is told of one event. `id` is derived from both, `cause` is the event, `params` hold ids, numbers and dates.

    `position` is the order of delivery: streams resume from it (`actions.post` says why no position is ever skipped).
    """

    __tablename__ = "notice"
    __table_args__ = (Index("notice_by_audience", "audience_kind", "audience", "position"),)

    id: uuid.UUID = Field(primary_key=True)
    position: int = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False, unique=True))
    site: str
    notice_class: str
    audience_kind: str
    audience: str
    params: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    cause: uuid.UUID
    occurred_at: datetime = utc_column()


class ReadMark(Base, table=True):
    """An account has read a notice."""

    __tablename__ = "read_mark"

    account_id: uuid.UUID = Field(primary_key=True)
    notice_id: uuid.UUID = Field(primary_key=True, foreign_key="notice.id")
    read_at: datetime = utc_column()
