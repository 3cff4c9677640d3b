"""Tables of intake: opinions with what their senders may see of them, contact data apart from them, and projections."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Column, Index, LargeBinary, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import utc_column


class Base(SQLModel, registry=registry()):
    """Own metadata of this service."""

    __abstract__ = True


class Opinion(Base, table=True):
    """A resident's opinion (民意) and how far it has come.

    `title` and `text` are as sent. `status` and `round` follow the case event with the highest case version, kept in
    `status_version`, and of equal ones the later; `replied_round` is the last round that has a reply, 0 before the first. `classifier` is
    the version of the model that was asked at submission; the desk's later word changes `category` and `category_source`.
    """

    __tablename__ = "opinion"
    __table_args__ = (
        Index("opinion_newest", "submitted_at", "id"),
        Index("opinion_target", "target_id", "submitted_at", "id"),
    )

    id: uuid.UUID = Field(primary_key=True)
    number: str = Field(unique=True)
    lookup_salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    lookup_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    channel: str
    code_id: uuid.UUID
    target_id: uuid.UUID
    region: str
    title: str = Field(sa_column=Column(Text, nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))
    category: str | None = None
    confidence: float
    category_source: str
    classifier: str | None = None
    profile_version: str
    submitted_at: datetime = utc_column()
    status: str = Field(default="accepted")
    round: int = Field(default=1)
    replied_round: int = Field(default=0)
    status_version: int = Field(default=0)
    status_at: datetime = utc_column()
    case_id: uuid.UUID | None = None


class Contact(Base, table=True):
    """How to reach the sender (class C2): boxes under a key of this matter alone. Without the row nobody can read them.

    `given_at` is when the sender gave the data, having read the notice beside the form (个人信息保护法 17).
    """

    __tablename__ = "contact"
    __table_args__ = (Index("contact_given", "given_at"),)

    opinion_id: uuid.UUID = Field(primary_key=True, foreign_key="opinion.id")
    key_wrapped: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    name_box: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    phone_box: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    given_at: datetime = utc_column()


class TimelineEntry(Base, table=True):
    """One thing that happened to an opinion after it was sent, as its sender may see it. `id` is the event's."""

    __tablename__ = "timeline_entry"
    __table_args__ = (
        Index("timeline_entry_opinion", "opinion_id"),
        Index("timeline_entry_assigned", "opinion_id", postgresql_where=sql("kind = 'assigned'")),
    )

    id: uuid.UUID = Field(primary_key=True)
    opinion_id: uuid.UUID = Field(foreign_key="opinion.id")
    at: datetime = utc_column()
    kind: str
    round: int
    case_version: int
    department: str | None = None
    text: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    result_class: str | None = None
    reason: str | None = None
    due_on: date | None = None


class Rating(Base, table=True):
    """The sender's rating (评价) of a round's reply, at most one a round."""

    __tablename__ = "rating"

    opinion_id: uuid.UUID = Field(primary_key=True, foreign_key="opinion.id")
    round: int = Field(primary_key=True)
    level: str
    comment: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    rated_at: datetime = utc_column()


class RevokedCode(Base, table=True):
    """A code that stopped being valid."""

    __tablename__ = "revoked_code"

    code_id: uuid.UUID = Field(primary_key=True)


class Organisation(Base, table=True):
    """The name of an organisation, newest version."""

    __tablename__ = "organisation"

    organisation: str = Field(primary_key=True)
    name: str
    version_no: int


class Station(Base, table=True):
    """A station, newest version: whose opinions its lead deputy may read."""

    __tablename__ = "station"

    station_id: uuid.UUID = Field(primary_key=True)
    name: str
    region: str
    lead_deputy_id: uuid.UUID | None = Field(default=None, index=True)
    status: str
    version_no: int


class Deputy(Base, table=True):
    """A deputy's mandate, newest version: who may act and be met, and on which days. `ends_on` is the last day."""

    __tablename__ = "deputy"
    __table_args__ = (Index("deputy_by_region", "region"),)

    deputy_id: uuid.UUID = Field(primary_key=True)
    person_id: uuid.UUID
    name: str
    level: str
    region: str
    group: str
    status: str
    starts_on: date
    ends_on: date | None = None
    version_no: int

    def is_active_on(self, day: date) -> bool:
        """Whether acts of this day count as acts of a deputy (代表法 61-62)."""
        return self.status == "active" and self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


class Region(Base, table=True):
    """A region with its parent, newest version: zones have ids of their own, so descent is not told by the code alone."""

    __tablename__ = "region"

    code: str = Field(primary_key=True)
    name: str
    kind: str
    parent: str | None = None
    version_no: int


class ContactView(Base, table=True):
    """Somebody read sealed contact data: of which matter, who, when and what for. Never changed."""

    __tablename__ = "contact_view"
    __table_args__ = (Index("contact_view_of_matter", "matter_id", "at"),)

    id: uuid.UUID = Field(primary_key=True)
    matter_id: uuid.UUID
    purpose: str
    by: uuid.UUID
    at: datetime = utc_column()
