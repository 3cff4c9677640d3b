"""The one connection of a transaction: the driver's own, and SQLAlchemy's around it only where a session needs it (record 0026)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, PoolProxiedConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session
from sqlalchemy.util import greenlet_spawn


class Lent:
    """The one connection of a transaction, from the pool when it is first needed. SQLAlchemy's own, which costs as much again
    as a short transaction (record 0026), is made around it when the session first executes."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._pooled: PoolProxiedConnection | None = None
        self._connection: Connection | None = None

    async def driver(self) -> Any:
        """The driver's connection."""
        if self._pooled is None:
            self._pooled = await self._engine.raw_connection()
        return self._pooled.driver_connection

    def connection(self) -> Connection:
        """SQLAlchemy's connection around the driver's, for the session; called where it may wait."""
        if self._connection is None:
            self._pooled = self._pooled or self._engine.sync_engine.raw_connection()
            self._connection = Connection(self._engine.sync_engine, self._pooled)
        return self._connection

    async def invalidate(self) -> None:
        """Closes the connection instead of giving it back."""
        if lent := self._connection or self._pooled:
            await greenlet_spawn(lent.invalidate)

    async def close(self) -> None:
        """Gives the connection back to the pool."""
        if lent := self._connection or self._pooled:
            await greenlet_spawn(lent.close)


class LentSession(Session):
    """A session on the connection that its transaction was lent."""

    def get_bind(self, *_: Any, **__: Any) -> Connection:
        """The lent connection, whatever is asked for."""
        lent: Lent = self.info["lent"]
        return lent.connection()


def refuse_closed(connection: Any, record: Any, proxy: Any) -> None:
    """Lets the pool open another connection for one that the server has closed meanwhile."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
