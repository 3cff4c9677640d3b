"""What texts are found alike by, the flags that say so, and the groups in which people joined opinions (并案)."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Fingerprint(Base, table=True):
    """An opinion was read. `root_id` is the first opinion of those alike, or itself; `at` is when the opinion was sent.

    `whole` and `shingles` are those of `rules.Print`, and empty once its personal data were erased.
    """

    __tablename__ = "fingerprint"
    __table_args__ = (Index("fingerprint_root", "root_id", "at"), Index("fingerprint_at", "at"))

    opinion_id: uuid.UUID = Field(primary_key=True, foreign_key="opinion.id")
    root_id: uuid.UUID
    code_id: uuid.UUID
    at: datetime = utc_column()
    whole: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    shingles: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))


class Band(Base, table=True):
    """One of the numbers under which texts that are alike meet."""

    __tablename__ = "fingerprint_band"
    __table_args__ = (Index("fingerprint_band_of", "opinion_id"),)

    band: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    opinion_id: uuid.UUID = Field(primary_key=True, foreign_key="opinion.id")


class Flag(Base, table=True):
    """Two opinions whose texts are alike, for the desk to decide. `similarity` is the Jaccard share of common shingles, 0 to 1."""

    __tablename__ = "duplicate_flag"
    __table_args__ = (
        UniqueConstraint("opinion_id", "earlier_id", name="flagged_once"),
        Index("duplicate_flag_by_state", "state", "id"),
        Index("duplicate_flag_earlier", "earlier_id"),
    )

    id: uuid.UUID = Field(primary_key=True)
    opinion_id: uuid.UUID = Field(foreign_key="opinion.id")
    earlier_id: uuid.UUID = Field(foreign_key="opinion.id")
    similarity: float
    reason: str
    state: str = "open"
    found_at: datetime = utc_column()
    decided_by: uuid.UUID | None = None
    decided_at: datetime | None = utc_column(nullable=True, default=None)
    version: int = 1


class Group(Base, table=True):
    """Opinions that a person joined to one handling; each keeps its own track and gets its own reply.

    `dissolved_at` is when fewer than two were left.
    """

    __tablename__ = "joined_group"

    id: uuid.UUID = Field(primary_key=True)
    site: str
    lead_id: uuid.UUID = Field(foreign_key="opinion.id")
    formed_by: uuid.UUID
    formed_at: datetime = utc_column()
    dissolved_at: datetime | None = utc_column(nullable=True, default=None)
    version: int = 1


class Joined(Base, table=True):
    """An opinion in a group, at most one at a time; the row of one that was parted stays."""

    __tablename__ = "joined_opinion"
    __table_args__ = (
        Index("joined_to_one", "opinion_id", unique=True, postgresql_where=sql("parted_at IS NULL")),
        Index("joined_of_group", "group_id"),
        CheckConstraint("(parted_at IS NULL) = (parted_because IS NULL)", name="parted_with_reason"),
    )

    id: uuid.UUID = Field(primary_key=True)
    group_id: uuid.UUID = Field(foreign_key="joined_group.id")
    opinion_id: uuid.UUID = Field(foreign_key="opinion.id")
    joined_by: uuid.UUID
    joined_at: datetime = utc_column()
    parted_by: uuid.UUID | None = None
    parted_at: datetime | None = utc_column(nullable=True, default=None)
    parted_because: str | None = None


class MassPosting(Base, table=True):
    """Many texts alike from few codes in a short time, for the desk to look at; the counts are those of the fullest window so far."""

    __tablename__ = "mass_posting"
    __table_args__ = (Index("mass_posting_by_state", "state", "suspected_at", "root_id"),)

    root_id: uuid.UUID = Field(primary_key=True, foreign_key="opinion.id")
    region: str
    messages: int
    codes: int
    first_at: datetime = utc_column()
    last_at: datetime = utc_column()
    state: str = "open"
    suspected_at: datetime = utc_column()
    decided_by: uuid.UUID | None = None
    decided_at: datetime | None = utc_column(nullable=True, default=None)
    version: int = 1
