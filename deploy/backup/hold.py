"""A short hold on publishing in every database at once, which ends by itself when its backup dies."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from deploy.local.errors import LocalError

SECONDS = 15.0
"""After so long without being prolonged a hold is over, by the database's own clock."""

_TAKE = text(
    """
    INSERT INTO kit_hold (backup, until) VALUES (:backup, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (one) DO UPDATE SET backup = excluded.backup, until = excluded.until
    WHERE kit_hold.until < clock_timestamp() OR kit_hold.backup = excluded.backup RETURNING 1
    """
)
_KEEP = text(
    """
    UPDATE kit_hold SET until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE backup = :backup AND until > clock_timestamp() RETURNING 1
    """
)
_UNDER_WAY = text("SELECT 1 FROM kit_outbox WHERE parked_reason IS NULL AND leased_until > clock_timestamp() LIMIT 1")
_DROP = text(
    "WITH gone AS (DELETE FROM kit_hold WHERE backup = :backup RETURNING until) SELECT 1 FROM gone WHERE until > clock_timestamp()"
)


@asynccontextmanager
async def held(databases: Mapping[str, str], backup: uuid.UUID) -> AsyncIterator[None]:
    """Inside, no relay takes an event that was committed after the beginning of the block. Accepting goes on.

    Raises LocalError when another backup is at work, and at the end when the hold was over before: what was read inside is
    then no consistent point.
    """
    taken = await _in_each(databases, _TAKE, backup=backup, seconds=SECONDS)
    if not all(taken.values()):
        await _in_each(databases, _DROP, backup=backup)
        raise LocalError("Another backup is at work. Wait until it ends.", "另一个备份正在进行，请等待其结束。")
    keeping = asyncio.create_task(_keep(databases, backup))
    try:
        await _settled(databases)
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        stood = await _in_each(databases, _DROP, backup=backup)
    if not all(stood.values()):
        late = ", ".join(name for name, still in stood.items() if not still)
        raise LocalError(
            f"The hold on {late} ended too early; nothing was kept. Run the backup again.", f"{late} 的暂停提前结束，备份未保留；请重试。"
        )


async def _settled(databases: Mapping[str, str]) -> None:
    """Waits for what relays had taken before the hold, so that the streams end where the manifest says; as long as one hold at most."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if not any((await _in_each(databases, _UNDER_WAY)).values()):
            return
        await asyncio.sleep(0.02)


async def _keep(databases: Mapping[str, str], backup: uuid.UUID) -> None:
    while True:
        await asyncio.sleep(SECONDS / 3)
        await _in_each(databases, _KEEP, backup=backup, seconds=SECONDS)


async def _in_each(databases: Mapping[str, str], statement: Any, **values: Any) -> dict[str, bool]:
    """Which of the databases the statement found its row in; one connection at a time, for they are few."""
    found = {}
    for name, url in databases.items():
        engine = create_async_engine(url, poolclass=NullPool)
        async with engine.begin() as connection:
            found[name] = (await connection.execute(statement, values)).first() is not None
    return found
