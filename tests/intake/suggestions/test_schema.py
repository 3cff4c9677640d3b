"""The migrations and the models describe the same tables."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from services.intake.models import Base
from tests import kit


async def test_the_migrations_make_exactly_the_tables_of_the_models(service: kit.Running) -> None:
    def differences(connection: Connection) -> list[object]:
        ours = {"include_name": lambda name, kind, _: kind != "table" or not name.startswith(("kit_", "migration"))}
        return list(compare_metadata(MigrationContext.configure(connection, opts=ours), Base.metadata))

    async with service.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
