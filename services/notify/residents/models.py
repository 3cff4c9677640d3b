"""How residents may be reached, sealed, and what they are to be told. No name, no number, no text of a matter in the clear."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, Text, text
from sqlmodel import Field

from services.notify.models import Base
from shared.db import utc_column


class Reach(Base, table=True):
    """A key pair of one matter, and the box that was sealed for it.

    `private_key` is itself sealed under the service's key. A matter that was erased keeps the row with `forgotten_at` and
    nothing else: what comes later, or comes again, finds that it is to be forgotten.
    """

    __tablename__ = "reach"
    __table_args__ = (Index("reach_forgotten", "forgotten_at", postgresql_where=text("forgotten_at IS NOT NULL")),)

    matter_id: uuid.UUID = Field(primary_key=True)
    public_key: str | None = None
    private_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    box: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    forgotten_at: datetime | None = utc_column(nullable=True, default=None)


class ResidentNotice(Base, table=True):
    """What the sender of a matter is told of an event, once. `id` is derived from the event, `cause` is its id.

    `waiting` until the sender can be reached, then `ready` in `channel` for what sends; `told_before` when a suite that was
    lost has told it.
    """

    __tablename__ = "resident_notice"
    __table_args__ = (
        Index("resident_notice_of_matter", "matter_id"),
        Index("resident_notice_waiting", "occurred_at", postgresql_where=text("state = 'waiting'")),
        Index("resident_notice_by_time", "occurred_at"),
    )

    id: uuid.UUID = Field(primary_key=True)
    matter_id: uuid.UUID
    notice_class: str
    number: str
    round: int
    state: str
    channel: str | None = None
    cause: uuid.UUID
    occurred_at: datetime = utc_column()
