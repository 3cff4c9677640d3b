"""The ledger and what decides whose account a line is on. All three tables are facts: nothing in them is ever rewritten."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Index, Numeric
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import utc_column


class Base(SQLModel, registry=registry()):
    """Own metadata of this service."""

    __abstract__ = True


class LedgerLine(Base, table=True):
    """Points that an event earned. Append-only: the database refuses UPDATE and DELETE.

    A line names through what it was earned (`earner`), not on whose account it is: a station's lead deputy and a
    mandate's validity at `occurred_at` follow from the versions below, and a version that is heard of late must not
    leave a wrong line behind (decision in `queries.attributed`). `id` is derived from the event and the item, `day` is
    the day in China, `period` its year.
    """

    __tablename__ = "ledger_line"
    __table_args__ = (Index("ledger_line_by_earner", "earner_id", "period"), Index("ledger_line_by_period", "period"))

    id: uuid.UUID = Field(primary_key=True)
    site: str
    item: str
    points: Decimal = Field(sa_type=Numeric(8, 2))
    earner_kind: str
    earner_id: uuid.UUID
    evidence: uuid.UUID
    occurred_at: datetime = utc_column()
    day: date
    period: int
    rule_version: str


class MandateVersion(Base, table=True):
    """A version of a mandate and the moment since which it holds."""

    __tablename__ = "mandate_version"

    deputy_id: uuid.UUID = Field(primary_key=True)
    version_no: int = Field(primary_key=True)
    name: str
    level: str
    region: str
    group: str
    status: str
    starts_on: date
    ends_on: date | None
    since: datetime = utc_column()


class StationVersion(Base, table=True):
    """A version of a station: who led it since when."""

    __tablename__ = "station_version"

    station_id: uuid.UUID = Field(primary_key=True)
    version_no: int = Field(primary_key=True)
    lead_deputy_id: uuid.UUID | None = Field(default=None, index=True)
    since: datetime = utc_column()
