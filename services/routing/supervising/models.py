"""Tables of who supervises a case (督办). Decisions, supervisors of the past and notes are only ever added to."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class Supervision(Base, table=True):
    """What is known of a case's supervision; `version` counts its changes, from 0. `key_since` and what follows are of a key case."""

    __tablename__ = "supervision"
    __table_args__ = (Index("key_cases", sql("key_since DESC"), sql("case_id DESC"), postgresql_where=sql("key_since IS NOT NULL")),)

    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    region: str
    version: int = 0
    key_since: datetime | None = utc_column(nullable=True, default=None)
    decision_number: str | None = None
    decided_on: date | None = None
    ground: str | None = None


class KeyDecision(Base, table=True):
    """A decision of the chairpersons' council (主任会议) to make a case a key one (`flag`, with its ground) or to end that (`unflag`,
    with the reason). `version` is the supervision's after it."""

    __tablename__ = "key_decision"

    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    version: int = Field(primary_key=True)
    action: str
    decision_number: str
    decided_on: date
    reason: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = utc_column()
    by_account: uuid.UUID
    profile_version: str


class Supervisor(Base, table=True):
    """Who leads a case's handling (`led_by`), supervises it as a key case (`supervised_by`), or supervises it beside others (`joint`).

    `kind` is the profile's kind or role. An office with the name of its public holder, or an organisation; nothing more of a person.
    """

    __tablename__ = "supervisor"
    __table_args__ = (
        Index("supervisor_of_case", "case_id"),
        Index("joined_once", "case_id", "organisation", unique=True, postgresql_where=sql("part = 'joint' AND until IS NULL")),
    )

    id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    part: str
    kind: str
    organisation: str | None = None
    office: str | None = None
    name: str | None = None
    since: datetime = utc_column()
    until: datetime | None = utc_column(nullable=True, default=None)


class SupervisionNote(Base, table=True):
    """A push (督办) or a follow-up (跟踪督办) by a body that supervises the case."""

    __tablename__ = "supervision_note"
    __table_args__ = (Index("note_of_case", "case_id", "id"),)

    id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID = Field(foreign_key="cases.id")
    kind: str
    body: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = utc_column()
    by_role: str
    by_account: uuid.UUID
