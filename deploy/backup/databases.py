"""One database at a time: a snapshot that a dump is made of, the way back, and what a restored database is told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from deploy.local.errors import LocalError
from deploy.local.external import client_environment

LEAP = 1_000_000
"""How far a restored sequence runs ahead: further than what any district gave out between a backup and the restore of it."""

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_SEQUENCES = """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, coalesce(last_value, 0) + :leap)
    FROM pg_sequences WHERE schemaname = 'public'
"""
_CUT = """
    SELECT pg_export_snapshot() AS name, clock_timestamp() AS at, pg_current_wal_lsn()::text AS lsn,
           current_setting('server_version') AS server
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment of one database, readable as long as its transaction is open."""

    name: str
    at: datetime
    lsn: str
    server: str
    connection: AsyncConnection


@asynccontextmanager
async def connected(url: str, **options: Any) -> AsyncIterator[AsyncConnection]:
    """A connection of its own, closed at the end."""
    engine = create_async_engine(url, poolclass=NullPool, **options)
    async with engine.connect() as connection:
        yield connection


@asynccontextmanager
async def snapshots(databases: Mapping[str, str]) -> AsyncIterator[dict[str, Snapshot]]:
    """A snapshot of every database, open inside the block."""
    async with AsyncExitStack() as stack:
        found = {}
        for name, url in databases.items():
            connection = await stack.enter_async_context(connected(url, isolation_level="REPEATABLE READ"))
            await connection.execute(text("SET TRANSACTION READ ONLY"))
            for limit in ("idle_in_transaction_session_timeout", "statement_timeout"):
                await connection.execute(text(f"SET LOCAL {limit} = 0"))
            row = (await connection.execute(text(_CUT))).one()
            found[name] = Snapshot(row.name, row.at, row.lsn, row.server, connection)
        yield found


async def dump(tools: Path, url: str, snapshot: Snapshot, path: Path) -> None:
    """Writes the database as it was at the snapshot. Raises LocalError with what pg_dump said."""
    await _run(tools / "pg_dump", url, f"--snapshot={snapshot.name}", "--format=custom", "--compress=1", f"--file={path}")


async def row_counts(connection: AsyncConnection) -> dict[str, int]:
    """How many rows each table has."""
    tables = (await connection.execute(text(_TABLES))).scalars().all()
    return {table: int((await connection.execute(text(f'SELECT count(*) FROM "{table}"'))).scalar_one()) for table in tables}  # noqa: S608


async def migrations(connection: AsyncConnection) -> dict[str, str]:
    """The revision of the kit's tables and of the service's own."""
    found = {}
    for table in ("kit_migration", "migration"):
        if (await connection.execute(text("SELECT to_regclass(:name)"), {"name": table})).scalar_one() is not None:
            found[table] = str((await connection.execute(text(f"SELECT version_num FROM {table}"))).scalar_one())  # noqa: S608
    return found


async def size(url: str) -> int:
    """Bytes that the database takes on its server's disk."""
    async with connected(url) as connection:
        return int((await connection.execute(text("SELECT pg_database_size(current_database())"))).scalar_one())


async def is_empty(url: str) -> bool:
    """Whether a database has no table."""
    async with connected(url) as connection:
        return (await connection.execute(text(_TABLES))).first() is None


async def replica_at_work(url: str) -> str | None:
    """Where a service wrote within the last seconds that it runs on this database; None when none does."""
    async with connected(url) as connection:
        if (await connection.execute(text("SELECT to_regclass('kit_replica')"))).scalar_one() is None:
            return None
        beating = "SELECT host || ', pid ' || pid FROM kit_replica WHERE beat_at > now() - interval '10 seconds' LIMIT 1"
        found: str | None = (await connection.execute(text(beating))).scalar_one_or_none()
        return found


async def streams_followed(url: str) -> set[str]:
    """The creation times of the streams that the service has read from."""
    async with connected(url) as connection:
        return set((await connection.execute(text("SELECT stream_created FROM kit_cursor"))).scalars())


async def outbox(url: str) -> set[str]:
    """The ids of the events that the database is still to publish."""
    async with connected(url) as connection:
        return set((await connection.execute(text("SELECT id::text FROM kit_outbox"))).scalars())


async def load(tools: Path, url: str, path: Path, rows: Mapping[str, int]) -> None:
    """Puts a dump in the place of whatever the database holds. Raises LocalError when it is not whole afterwards."""
    async with connected(url) as connection:
        for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            await connection.execute(text(statement))
        await connection.commit()
    await _run(
        tools / "pg_restore",
        url,
        f"--dbname={client_environment(url)['PGDATABASE']}",
        "--no-owner",
        "--exit-on-error",
        "--single-transaction",
        str(path),
    )
    async with connected(url) as connection:
        found = await row_counts(connection)
    wrong = sorted(name for name in {*found, *rows} if found.get(name) != rows.get(name))
    if wrong:
        raise LocalError(
            f"{path.stem}: after the restore {', '.join(wrong)} are not as counted at the backup.", f"{path.stem}：恢复后行数不符。"
        )


async def mark_restored(url: str, backup: Any, cut_at: datetime) -> None:
    """Tells a restored database so, and lets its sequences run ahead of what the lost one may have given out."""
    async with connected(url) as connection:
        for table in ("kit_hold", "kit_replica"):
            await connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608
        await connection.execute(text(_SEQUENCES), {"leap": LEAP})
        await connection.execute(
            text("INSERT INTO kit_restored (backup, cut_at) VALUES (:backup, :cut)"), {"backup": backup, "cut": cut_at}
        )
        await connection.commit()


async def follow_stream(url: str, was_created: str, created: str, last_seq: int) -> None:
    """Lets a service go on in a restored stream, which the server says was created anew: no further than its last message."""
    known = {"was": was_created, "created": created, "last": last_seq}
    async with connected(url) as connection:
        await connection.execute(
            text(
                "UPDATE kit_cursor SET stream_created = :created, ack_floor = least(ack_floor, CAST(:last AS bigint)) "
                "WHERE stream_created = :was"
            ),
            known,
        )
        await connection.execute(text("UPDATE kit_subscription SET from_seq = least(from_seq, CAST(:last AS bigint))"), {"last": last_seq})
        await connection.commit()


async def _run(program: Path, url: str, *arguments: str) -> None:
    environment = client_environment(url)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    process = await asyncio.create_subprocess_exec(
        str(program), *arguments, env={**kept, **environment}, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, said = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        words = said.decode(errors="replace").strip()
        raise LocalError(f"{program.name} failed: {words}", f"{program.name} 失败：{words}")
