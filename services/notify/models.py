"""Notices and who has read them. A notice is addressed to an audience; nothing is copied for each account."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Identity, Index, text
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
    `told_before`: a suite that was lost has told the audience; after the restore the notice stands in the inbox and is pushed to nobody.
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
    told_before: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})


class ReadMark(Base, table=True):
    """An account has read a notice."""

    __tablename__ = "read_mark"

    account_id: uuid.UUID = Field(primary_key=True)
    notice_id: uuid.UUID = Field(primary_key=True, foreign_key="notice.id")
    read_at: datetime = utc_column()
