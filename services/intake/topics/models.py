"""Topics with their keys, what each opinion was read as, and how often each shingle has come."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, Integer
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Topic(Base, table=True):
    """What several people speak of, under its names, the leading one first. With `by_hand` no machine ends it.

    `state`: open; closed by a person; dissolved, when its name proved usual; merged into another. `strength`, `peak` and `peak_of` are
    those of the leading name (`rules.Strength`).
    """

    __tablename__ = "topic"
    __table_args__ = (Index("topic_by_state", "state", "id"),)

    id: uuid.UUID = Field(primary_key=True)
    site: str
    name: str | None = None
    state: str = "open"
    by_hand: bool = False
    merged_into: uuid.UUID | None = None
    size: int = 0
    names: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))
    strength: float = 0.0
    peak: int = 0
    peak_of: int = 1
    hot_since: datetime | None = utc_column(nullable=True, default=None)
    born_at: datetime = utc_column()
    version: int = 1


class Name(Base, table=True):
    """A shingle that stands for a name, and the open topic that has it."""

    __tablename__ = "topic_name"
    __table_args__ = (Index("topic_name_of", "topic_id"),)

    gram: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    topic_id: uuid.UUID = Field(foreign_key="topic.id")


class Reading(Base, table=True):
    """An opinion was read for topics, once; in one at most. `grams` in order, each once, 0 between separate strings.

    `pinned`: a person put it where it is. Without shingles it is older than the window, or erased: it stays in its topic, or in none.
    """

    __tablename__ = "topic_reading"
    __table_args__ = (
        Index("topic_reading_at", "at"),
        Index("topic_reading_kept", "at", postgresql_where=sql("grams <> '{}'")),
        Index("topic_reading_of_topic", "topic_id", "at", postgresql_where=sql("topic_id IS NOT NULL")),
        Index("topic_reading_grams", "grams", postgresql_using="gin", postgresql_with={"gin_pending_list_limit": "512"}),
    )

    opinion_id: uuid.UUID = Field(primary_key=True, foreign_key="opinion.id")
    topic_id: uuid.UUID | None = Field(default=None, foreign_key="topic.id")
    pinned: bool = False
    region: str
    at: datetime = utc_column()
    grams: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))


class Gram(Base, table=True):
    """In how many messages a shingle has come: in its newest period (`now`), the one before (`last`) and earlier; and in titles ever.

    0 counts the messages.
    """

    __tablename__ = "topic_gram"

    gram: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    before: int = Field(sa_column=Column(BigInteger, nullable=False))
    last: int
    now: int
    period: int
    titled: int
