"""The database of a service: one transaction per request and per batch of events, opened and committed here only.

The transaction is the driver's: BEGIN and COMMIT through SQLAlchemy cost as much again as the statements between them
(decision record 0026). To SQLAlchemy each connection is in autocommit; what a session executes is part of the transaction all the same.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import orjson
from asyncpg import PostgresError
from pydantic import BaseModel
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from shared import crash
from shared.audit import Record
from shared.events.base import Event
from shared.lending import Lent, LentSession, Turns, refuse_closed
from shared.outgoing import KeptAnswer, Outgoing, store
from shared.settings import ServiceSettings
from shared.tables import utc_column

__all__ = ["Database", "Tx", "is_conflict", "is_outage", "utc_column"]


class Tx(AsyncSession):
    """One transaction. Actions write through it and `emit` into it; only this module commits it."""

    def __init__(self, database: Database) -> None:
        self.lent = Lent(database.engine, database.turns)
        super().__init__(sync_session_class=LentSession, expire_on_commit=False, info={"lent": self.lent})
        self.database = database
        self.outgoing: list[Outgoing] = []
        self.records: list[Record] = []
        self.answers: list[KeptAnswer] = []
        self.about: list[str] = []
        self.signals: list[tuple[str, str]] = []
        self.woken: bool = False
        self.traceparents: dict[uuid.UUID, str] = {}
        self.traceparent: str | None = None
        self.handling: uuid.UUID | None = None
        self.begun: dict[uuid.UUID, str] = {}

    async def driver(self) -> Any:
        """The driver's connection that this transaction is on."""
        return await self.lent.driver()

    async def run(self, statement: str, *values: Any) -> list[Any]:
        """Rows of a statement that runs with each request or event: straight on the driver, at a third of `execute`'s cost.

        `statement` is PostgreSQL's own, with `$1` for the first value. Objects added to the session are not written before it.
        Raises what asyncpg raises, which `is_conflict` and `is_outage` know.
        """
        rows: list[Any] = await (await self.lent.driver()).fetch(statement, *values)
        return rows

    @property
    def site(self) -> str:
        """The region code of this deployment."""
        return self.database.settings.site

    def begun_at(self, event: Event) -> datetime:
        """When what led to `event` began: its own time, or that of the first event of its chain while it is being handled."""
        begun = self.begun.get(event.id)
        return datetime.fromisoformat(begun) if begun else event.occurred_at

    @property
    def settings(self) -> Any:
        """The service's settings."""
        return self.database.settings

    @property
    def policy(self) -> Any:
        """The service's section of the policy profile, as its own model."""
        return self.database.policy


class Database:
    """Engine, sessions and what happens after a commit."""

    def __init__(self, service: str, settings: ServiceSettings, policy: BaseModel | None = None) -> None:
        self.service = service
        self.settings = settings
        self.policy = policy
        self.engine: AsyncEngine = create_async_engine(
            settings.database_url,
            pool_size=settings.pool_size,
            max_overflow=settings.pool_overflow,
            pool_timeout=settings.pool_wait,
            pool_use_lifo=True,
            pool_pre_ping=False,
            isolation_level="AUTOCOMMIT",
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args={
                "timeout": settings.pool_wait,
                "server_settings": {
                    "application_name": f"lianxin-{service}",
                    "timezone": "UTC",
                    "jit": "off",
                    # Solid-state disks: with the default of 4 a batch of 500 rows by key was a scan of the whole table (record 0015).
                    "random_page_cost": "1.1",
                    "statement_timeout": str(int(settings.statement_timeout * 1000)),
                    # A replica that has frozen in a transaction must not hold its rows, and with them the other replicas, for long.
                    "idle_in_transaction_session_timeout": str(int(settings.transaction_idle * 1000)),
                },
            },
        )
        event.listen(self.engine.sync_engine, "checkout", refuse_closed)
        self.turns = Turns(settings.pool_size + settings.pool_overflow, settings.pool_wait)
        self.after_commit: list[Callable[[Tx], None]] = []
        self.full = False
        """Whether a write was refused for want of disk space, and none has been tried with success since."""

    @asynccontextmanager
    async def transaction(self, *, durable: bool = True, reading: bool = False) -> AsyncIterator[Tx]:
        """A transaction that commits when the block ends and rolls back when it raises.

        With `durable=False` the commit does not wait for the disk: for book-keeping that a crash may undo. With `reading` each
        statement is a transaction by itself: what a GET does, be it to count a scan, reads the same at READ COMMITTED and spares
        two round trips.
        """
        async with _closing(Tx(self)) as tx:
            try:
                if reading:
                    yield tx
                    if tx.outgoing or tx.records or tx.answers:
                        raise RuntimeError("what only reads has something to tell")
                else:
                    async with _begun(tx, durable=durable):
                        yield tx
                        if tx.new or tx.dirty or tx.deleted:
                            await tx.flush()
                        if tx.outgoing or tx.records or tx.answers:
                            await store(tx, tx.outgoing, tx.records, tx.answers)
                        crash.point("before_commit", self.service)
            except (DBAPIError, PostgresError) as error:
                self.full = self.full or is_full(error)
                raise
            if tx.outgoing:
                crash.point("after_commit", self.service)
            for told in self.after_commit:
                told(tx)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Any]:
        """The driver's connection, on which each statement is a transaction by itself: no round trips for BEGIN and COMMIT, no events,
        no audit. Raises as `Tx.run` does."""
        lent = Lent(self.engine, self.turns)
        try:
            yield await lent.driver()
        except BaseException:
            await lent.invalidate()
            raise
        finally:
            await lent.close()

    async def answers(self) -> bool:
        """Whether the database answers a query now."""
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except Exception as error:
            if is_outage(error):
                return False
            raise
        return True

    async def look_for_room(self) -> None:
        """Writes a megabyte that nobody keeps, and forgets that the disk was full when that went well. Raises what writing raises."""
        if self.full:
            async with self.transaction(durable=False) as tx:
                for statement in ROOM_PROBE:
                    await tx.execute(text(statement))
            self.full = False

    async def close(self) -> None:
        """Closes all connections."""
        await self.engine.dispose()


@asynccontextmanager
async def _closing(tx: Tx) -> AsyncIterator[Tx]:
    """Ends the session, if it did anything, and gives the connection back."""
    try:
        yield tx
    finally:
        try:
            if tx.in_transaction():
                await tx.close()
        finally:
            await tx.lent.close()


@asynccontextmanager
async def _begun(tx: Tx, *, durable: bool) -> AsyncIterator[None]:
    """BEGIN and COMMIT, or ROLLBACK when the block raises. No connection goes back to the pool that may still be in a transaction."""
    driver = await tx.driver()
    sound = False
    try:
        async with driver.transaction():
            if not durable:
                await driver.execute("SET LOCAL synchronous_commit = off")
            yield
        sound = True
    except Exception:
        sound = not (driver.is_closed() or driver.is_in_transaction())
        raise
    finally:
        # After a cancellation nobody knows what the server is still doing.
        if not sound:
            await tx.lent.invalidate()


_DISK_FULL = "53100"
ROOM_PROBE = (
    "CREATE TEMPORARY TABLE kit_room (filling bytea) ON COMMIT DROP",
    # Incompressible, and in rows that fit a page: it has to take room of its own.
    "INSERT INTO kit_room SELECT decode(repeat(md5(n::text), 128), 'hex') FROM generate_series(1, 512) n",
)


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code of the error, as SQLAlchemy or the driver raised it; empty when the error is none of PostgreSQL's."""
    return str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")


def _constraint(error: BaseException) -> str:
    cause = error if isinstance(error, PostgresError) else getattr(error, "orig", error).__cause__
    return str(getattr(cause, "constraint_name", None) or "")


def is_conflict(error: BaseException) -> bool:
    """Whether this transaction failed so that another could go on: by deadlock, serialization, or the same `Idempotency-Key`."""
    return sqlstate(error) in ("40001", "40P01") or (sqlstate(error) == "23505" and _constraint(error) == "kit_answer_pkey")


def is_full(error: BaseException) -> bool:
    """Whether the database had no room on its disk: for a row, or for a file that a new connection needs."""
    return sqlstate(error) == _DISK_FULL


def is_outage(error: BaseException) -> bool:
    """Whether the database was away, full, stopping or slow: never the fault of the event or the request at hand.

    Classes 08 connection, 53 resources, 57 operator, 58 system, and 55P03 lock timeout, 25P03 idle timeout (PostgreSQL, appendix A).
    """
    state = sqlstate(error)
    if state:
        return state[:2] in ("08", "53", "57", "58") or state in ("55P03", "25P03")
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, InterfaceError) or _outside(error.orig)
    return isinstance(error, PoolTimeout) or _outside(error)


def _outside(error: BaseException | None) -> bool:
    # A value that the driver cannot put on the wire is no outage, though asyncpg has its error among those of its interface.
    if error is None or isinstance(error, ValueError):
        return False
    return isinstance(error, (OSError, TimeoutError)) or (type(error).__module__.startswith("asyncpg") and not sqlstate(error))
