"""Migrations: the kit's tables and a service's own, each with its own version table, in one database."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.settings import ROOT

KIT = ROOT / "shared" / "migrations"


def config_for(folder: Path, version_table: str) -> Config:
    """An Alembic configuration without an ini file: scripts of `folder`, environment of the kit."""
    config = Config()
    config.set_main_option("script_location", str(KIT))
    config.set_main_option("version_locations", str(folder / "versions"))
    config.set_main_option("path_separator", "newline")
    config.attributes["version_table"] = version_table
    return config


async def migrate(service: str, database_url: str) -> None:
    """Brings the database of `service` to the newest version of the kit's tables and of its own.

    Safe to run from several places at once: a lock lets one go first and the others find nothing to do.
    """
    own = ROOT / "services" / service / "migrations"
    engine = create_async_engine(database_url, poolclass=pool.NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('lianxin-migrate'))"))
            await connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            await connection.run_sync(_upgrade, config_for(KIT, "kit_migration"))
            if own.is_dir():
                await connection.run_sync(_upgrade, config_for(own, "migration"))
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def run(service: str, database_url: str) -> None:
    """`migrate` for callers without an event loop."""
    asyncio.run(migrate(service, database_url))
