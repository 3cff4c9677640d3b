"""The one connection of a transaction: the driver's own, and SQLAlchemy's around it only where a session needs it (record 0026)."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import Connection, PoolProxiedConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import Session
from sqlalchemy.util import await_only, greenlet_spawn


class Turns:
    """Who gets the next connection: those who wait in the order in which they came.

    The pool alone gives a connection that comes back to whoever asks first, and under load a newcomer always does before one that
    waits has been woken: some waited until they were refused while others were served at once (measured).
    """

    def __init__(self, connections: int, patience: float) -> None:
        self._free = asyncio.Semaphore(connections)
        self._patience = patience

    async def take(self) -> None:
        """Waits for a turn. Raises SQLAlchemy's TimeoutError after `patience` seconds."""
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            raise PoolTimeout(f"no connection within {self._patience} s") from None

    def give(self) -> None:
        """Gives a turn back."""
        self._free.release()


class Lent:
    """The one connection of a transaction, from the pool when it is first needed. SQLAlchemy's own, which costs as much again
    as a short transaction (record 0026), is made around it when the session first executes."""

    def __init__(self, engine: AsyncEngine, turns: Turns) -> None:
        self._engine = engine
        self._turns = turns
        self._has_turn = False
        self._pooled: PoolProxiedConnection | None = None
        self._connection: Connection | None = None

    async def _take_turn(self) -> None:
        await self._turns.take()
        self._has_turn = True

    async def driver(self) -> Any:
        """The driver's connection."""
        if self._pooled is None:
            await self._take_turn()
            self._pooled = await self._engine.raw_connection()
        return self._pooled.driver_connection

    def connection(self) -> Connection:
        """SQLAlchemy's connection around the driver's, for the session; called where it may wait."""
        if self._connection is None:
            if self._pooled is None:
                await_only(self._take_turn())
                self._pooled = self._engine.sync_engine.raw_connection()
            self._connection = Connection(self._engine.sync_engine, self._pooled)
        return self._connection

    async def invalidate(self) -> None:
        """Closes the connection instead of giving it back."""
        if lent := self._connection or self._pooled:
            await greenlet_spawn(lent.invalidate)

    async def close(self) -> None:
        """Gives the connection back to the pool."""
        try:
            if lent := self._connection or self._pooled:
                await greenlet_spawn(lent.close)
        finally:
            if self._has_turn:
                self._has_turn = False
                self._turns.give()


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
