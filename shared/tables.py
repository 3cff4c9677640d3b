"""The kit's own tables: they stand in each service's database and migrate by themselves (`shared/migrations`)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, Index, LargeBinary, Select, Table, Text, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB, asyncpg
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class KitBase(SQLModel, registry=registry()):
    """Own metadata, so that no service's table can clash with the kit's."""

    __abstract__ = True


def table_of(model: type[SQLModel]) -> Table:
    """The Core table of a SQLModel class, for bulk statements."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


def utc_column(**options: Any) -> Any:
    """A SQLModel field for a moment, stored as `timestamptz`."""
    nullable = options.pop("nullable", False)
    index = options.pop("index", False)
    server_default = options.pop("server_default", None)
    column: dict[str, Any] = {"sa_column_kwargs": {"server_default": server_default}, "sa_type": DateTime(timezone=True)}
    return Field(**column, nullable=nullable, index=index, **options)


class Outbox(KitBase, table=True):
    """An event that was decided and not yet published. Deleted on the broker's ack."""

    __tablename__ = "kit_outbox"
    __table_args__ = (Index("kit_outbox_free", "leased_until", "id", postgresql_where=text("parked_reason IS NULL")),)

    id: uuid.UUID = Field(primary_key=True)
    subject: str
    headers: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = utc_column(server_default=text("now()"))
    leased_until: datetime = utc_column(server_default=text("'-infinity'"))
    tries: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    parked_reason: str | None = None


class Inbox(KitBase, table=True):
    """An event that took effect in this service, so that its duplicates do not."""

    __tablename__ = "kit_inbox"

    event_id: uuid.UUID = Field(primary_key=True)
    consumer: str = Field(primary_key=True)
    at: datetime = utc_column(server_default=text("now()"), index=True)


class Parked(KitBase, table=True):
    """An event that came too early, under what it waits for."""

    __tablename__ = "kit_parked"

    event_id: uuid.UUID = Field(primary_key=True)
    consumer: str = Field(primary_key=True)
    waits_for: str = Field(index=True)
    subject: str
    headers: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    parked_at: datetime = utc_column(server_default=text("now()"))
    next_try_at: datetime = utc_column(index=True)


class Failure(KitBase, table=True):
    """How often a handler has raised on an event: the only thing that counts as an attempt."""

    __tablename__ = "kit_failure"

    event_id: str = Field(primary_key=True)
    consumer: str = Field(primary_key=True)
    attempts: int
    reason: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = utc_column(server_default=text("now()"))


class Cursor(KitBase, table=True):
    """The contiguous ack floor of a durable consumer, from which the watchdog makes a lost one anew."""

    __tablename__ = "kit_cursor"

    consumer: str = Field(primary_key=True)
    ack_floor: int
    stream_created: str
    at: datetime = utc_column(server_default=text("now()"))


class Subscription(KitBase, table=True):
    """Since when this service has listened to an event: `from_seq` is the stream's last sequence at that moment."""

    __tablename__ = "kit_subscription"

    event: str = Field(primary_key=True)
    since: str
    from_seq: int
    backfilled: bool
    at: datetime = utc_column(server_default=text("now()"))


class Answer(KitBase, table=True):
    """The answer that an `Idempotency-Key` got. The body is encrypted with a key that only the client's key yields."""

    __tablename__ = "kit_answer"

    key_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    request_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    status: int
    box: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    at: datetime = utc_column(server_default=text("now()"), index=True)


class KnownKey(KitBase, table=True):
    """A public key that directory published: access tokens and codes are verified with it."""

    __tablename__ = "kit_key"

    kid: str = Field(primary_key=True)
    use: str
    public: str
    not_after: datetime | None = utc_column(nullable=True, default=None)
    set_no: int


class Replica(KitBase, table=True):
    """A running process of this service and what it last said of itself."""

    __tablename__ = "kit_replica"

    id: uuid.UUID = Field(primary_key=True)
    pid: int
    host: str
    started_at: datetime = utc_column()
    beat_at: datetime = utc_column()
    facts: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


def bulk_insert(table: Any, columns: Sequence[str], *, returning: Sequence[str]) -> str:
    """For `Tx.run`: one statement for any number of rows, an array for each of `columns`; rows that are there already stay as they are.

    With `VALUES` SQLAlchemy compiles it anew for each number of rows: a fifth of all that scoring and notify did (record 0026).
    """
    return (
        f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT * FROM {unnested(table, columns)} "  # noqa: S608 - our own tables
        f"ON CONFLICT DO NOTHING RETURNING {', '.join(returning)}"
    )


def unnested(table: Any, columns: Sequence[str], first: int = 1) -> str:
    """For `Tx.run`: rows of these columns as a table, from an array for each, the first of them in parameter `first`."""
    dialect: Any = postgresql.dialect()  # type: ignore[no-untyped-call]
    kinds = [table.columns[name].type.compile(dialect=dialect) for name in columns]
    return f"unnest({', '.join(f'${n}::{kind}[]' for n, kind in enumerate(kinds, first))})"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A query that SQLAlchemy has put into words once, for `Tx.run`: its text, its parameters in their order, and those it brings."""

    text: str
    parameters: tuple[str, ...]
    own: Mapping[str, Any]

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the parameters. Raises KeyError for one that is missing."""
        return [self.own[name] if name in self.own else given[name] for name in self.parameters]


def prepared(query: Select[Any]) -> Prepared:
    """The query for `Tx.run`; what differs from time to time in it is a `bindparam` without a value."""
    dialect: Any = asyncpg.dialect()  # type: ignore[no-untyped-call]
    compiled = query.compile(dialect=dialect)
    own = {name: bound.value for name, bound in compiled.binds.items() if not bound.required}
    return Prepared(str(compiled), tuple(compiled.positiontup or ()), own)
