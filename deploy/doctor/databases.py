"""What the services' databases say: server, clock, room, tables, outbox, replicas, audit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from deploy.doctor.findings import Finding, Level, finding
from shared.db import ROOM_PROBE, is_full, is_outage
from shared.migrate import KIT, config_for
from shared.settings import ROOT

PATIENCE = 8.0
SKEW = 5.0
"""Seconds by which clocks may differ before tokens and deadlines suffer."""

OUTBOX_WAITS = 30.0
PARKED_LONG = 3600.0
AUDIT_WAITS = 300.0
OLDEST_MAJOR = 15

_SERVER = """
SELECT current_setting('server_version_num')::int AS version, current_setting('fsync') AS fsync,
       current_setting('full_page_writes') AS full_page_writes, current_setting('synchronous_commit') AS synchronous_commit,
       extract(epoch FROM clock_timestamp())::float AS clock, current_setting('max_connections')::int AS connections,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used
"""
_KIT = """
SELECT coalesce((SELECT extract(epoch FROM clock_timestamp() - min(created_at)) FROM kit_outbox
                 WHERE parked_reason IS NULL), 0)::float AS age,
       (SELECT count(*) FROM kit_outbox WHERE parked_reason IS NOT NULL) AS stuck,
       coalesce((SELECT extract(epoch FROM clock_timestamp() - min(parked_at)) FROM kit_parked), 0)::float AS parked_age,
       coalesce((SELECT extract(epoch FROM clock_timestamp() - min(at)) FROM kit_audit_waiting), 0)::float AS audit_age
"""
_REPLICAS = "SELECT pid, host, facts FROM kit_replica WHERE beat_at > now() - interval '15 seconds'"


@dataclass(slots=True)
class Seen:
    """What one database said. `error` says why it said nothing."""

    error: str = ""
    server: Any = None
    skew: float = 0.0
    kit: Any = None
    replicas: tuple[Any, ...] = ()
    behind: bool = False
    full: bool = False


async def look_at_databases(urls: Mapping[str, str]) -> tuple[list[Finding], dict[str, Seen]]:
    """Findings about all databases together, and what each said."""
    seen = dict(zip(urls, await asyncio.gather(*(_look(name, url) for name, url in urls.items())), strict=True))
    return list(_findings(seen)), seen


async def _look(service: str, url: str) -> Seen:
    engine = create_async_engine(url, connect_args={"timeout": PATIENCE, "command_timeout": PATIENCE})
    seen = Seen()
    try:
        async with engine.connect() as connection:
            await _ask(service, connection, seen)
    except Exception as error:
        if not (is_outage(error) or isinstance(error, DBAPIError)) and not type(error).__module__.startswith("asyncpg"):
            raise
        seen.full = is_full(error)
        seen.error = f"{type(getattr(error, 'orig', error)).__name__}: {str(error).splitlines()[0]}"[:160]
    finally:
        await engine.dispose()
    return seen


async def _ask(service: str, connection: AsyncConnection, seen: Seen) -> None:
    before = time.time()
    seen.server = (await connection.execute(text(_SERVER))).one()
    seen.skew = seen.server.clock - (before + time.time()) / 2
    seen.behind = await connection.run_sync(_is_behind, service)
    if not seen.behind:
        seen.kit = (await connection.execute(text(_KIT))).one()
        seen.replicas = tuple((await connection.execute(text(_REPLICAS))).all())
    try:
        for statement in ROOM_PROBE:
            await connection.execute(text(statement))
    except DBAPIError as error:
        if not is_outage(error):
            raise
        seen.full = True
    await connection.rollback()


def _is_behind(connection: Connection, service: str) -> bool:
    own = ROOT / "services" / service / "migrations"
    for folder, table in ((KIT, "kit_migration"), (own, "migration")):
        if folder.is_dir():
            there = inspect(connection).has_table(table)
            found = connection.scalar(text(f"SELECT version_num FROM {table}")) if there else None  # noqa: S608 - two fixed names
            if found != ScriptDirectory.from_config(config_for(folder, table)).get_current_head():
                return True
    return False


def _findings(seen: Mapping[str, Seen]) -> Iterator[Finding]:
    away = {name: one.error for name, one in seen.items() if one.error and not one.full}
    if away:
        yield finding("wrong", "database_away", names=", ".join(away), why=next(iter(away.values())))
    answered = {name: one for name, one in seen.items() if not one.error}
    full = ", ".join(name for name, one in seen.items() if one.full)
    if full or answered:
        yield _named("wrong", "database_full", "database_room", full)
    if not answered:
        return
    if not away:
        yield finding("ok", "databases", number=len(answered))
    yield from _server(next(iter(answered.values())))
    kits = {name: one.kit for name, one in answered.items() if one.kit}

    def those(says: Callable[[Any], bool], of: Mapping[str, Any]) -> str:
        return ", ".join(name for name, one in of.items() if says(one))

    yield _named("wrong", "migrations_behind", "migrations", those(lambda s: s.behind, answered))
    yield _named("wrong", "outbox_waits", "outbox", those(lambda k: k.age > OUTBOX_WAITS, kits))
    yield _named("warning", "parked_long", "parked", those(lambda k: k.parked_age > PARKED_LONG, kits))
    yield _named("warning", "audit_waits", "audit", those(lambda k: k.audit_age > AUDIT_WAITS, kits))
    if names := those(lambda k: k.stuck > 0, kits):
        yield finding("warning", "outbox_row_parked", names=names)


def _named(level: Level, bad: str, good: str, names: str) -> Finding:
    return finding(level, bad, names=names) if names else finding("ok", good)


def _server(one: Seen) -> Iterator[Finding]:
    major = one.server.version // 10000
    yield finding("ok" if major >= OLDEST_MAJOR else "wrong", "database_version", major=major)
    off = [name for name in ("fsync", "full_page_writes", "synchronous_commit") if getattr(one.server, name) == "off"]
    yield finding("wrong", "not_durable", names=", ".join(off)) if off else finding("ok", "durable")
    level: Level = "warning" if abs(one.skew) > SKEW else "ok"
    yield finding(level, "clock", what="PostgreSQL", skew=f"{one.skew:+.1f}")
    tight = one.server.used > 0.9 * one.server.connections
    yield finding("warning" if tight else "ok", "connections", used=one.server.used, limit=one.server.connections)
