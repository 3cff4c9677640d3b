"""Alembic's environment for the kit and for every service: the connection comes from `shared.migrate`."""

from __future__ import annotations

from alembic import context

config = context.config
context.configure(
    connection=config.attributes["connection"],
    target_metadata=config.attributes.get("metadata"),
    version_table=config.attributes["version_table"],
    transactional_ddl=True,
)
context.run_migrations()
