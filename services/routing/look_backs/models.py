"""Tables of look-backs (回头看专项行动): a campaign over cases of the past. Findings are only ever added to."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class LookBack(Base, table=True):
    """A campaign. `state`: filling (a sweep adds its items, those up to `filled_to` are there), open, closed. `selection` is what it was
    asked to look back at, of its `region`."""

    __tablename__ = "look_back"
    __table_args__ = (
        Index("look_back_newest", sql("made_at DESC"), sql("id DESC")),
        Index("look_back_filling", "made_at", postgresql_where=sql("state = 'filling'")),
    )

    id: uuid.UUID = Field(primary_key=True)
    region: str
    name: str
    selection: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    state: str = "filling"
    filled_to: uuid.UUID | None = None
    version: int = 1
    made_at: datetime = utc_column()
    made_by: uuid.UUID
    closed_at: datetime | None = utc_column(nullable=True, default=None)
    profile_version: str


class LookBackItem(Base, table=True):
    """A case that is looked back at, and the newest finding. `version` counts the findings."""

    __tablename__ = "look_back_item"

    look_back_id: uuid.UUID = Field(primary_key=True, foreign_key="look_back.id")
    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    number: str
    department: str | None = None
    result_class: str | None = None
    finding: str | None = None
    version: int = 0


class LookBackFinding(Base, table=True):
    """What was found of an item, by the office of whom, with what shows it. `supervised`: the case has been supervised since."""

    __tablename__ = "look_back_finding"

    look_back_id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    finding: str
    evidence: str = Field(sa_column=Column(Text, nullable=False))
    looked_by: str
    looked_at: datetime = utc_column()
    delivered_at: datetime | None = utc_column(nullable=True, default=None)
    supervised: bool
    at: datetime = utc_column()
    by_account: uuid.UUID
