"""What supervision knows of others: projections fed by directory's events, the newest version kept."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Base(SQLModel, registry=registry()):
    """Own metadata of this service."""

    __abstract__ = True


class Organisation(Base, table=True):
    """An organisation that may own projects. `organisation` is its short Latin id."""

    __tablename__ = "organisation"

    organisation: str = Field(primary_key=True)
    name: str
    active: bool
    version_no: int


class Mandate(Base, table=True):
    """A deputy's mandate, as far as logging an act depends on it. `ends_on` is the last day."""

    __tablename__ = "mandate"

    deputy_id: uuid.UUID = Field(primary_key=True)
    name: str
    status: str
    starts_on: date
    ends_on: date | None
    version_no: int

    def is_active_on(self, day: date) -> bool:
        """Whether acts of this day count as acts of a deputy (代表法 61-62)."""
        return self.status == "active" and self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)
