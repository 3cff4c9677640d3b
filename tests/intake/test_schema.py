"""The migrations make what the models say, and every refusal of a capability has its texts."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from services.intake import main, models
from services.intake.models import Base
from shared.errors import Refused
from shared.texts import LANGUAGES, catalogue
from tests import kit

HERE = Path(main.__file__).parent
CAPABILITIES = [".".join(f.relative_to(HERE).with_suffix("").parts) for f in sorted(HERE.rglob("errors.py"))]


async def test_the_database_is_as_the_models_say(intake: kit.Running) -> None:
    def differences(connection: Connection) -> list[object]:
        own = set(Base.metadata.tables)

        def is_own(thing: object, name: str | None, kind: str, reflected: bool, compared: object) -> bool:
            return kind != "table" or name in own

        return list(compare_metadata(MigrationContext.configure(connection, opts={"include_object": is_own}), Base.metadata))

    assert models.Opinion.__tablename__ in Base.metadata.tables
    async with intake.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_every_refusal_has_its_texts_and_every_text_its_refusal(capability: str) -> None:
    module = importlib.import_module(f"services.intake.{capability}")
    own = {c.__name__ for c in vars(module).values() if isinstance(c, type) and issubclass(c, Refused) and c.__module__ == module.__name__}
    texts = catalogue(Path(str(module.__file__)).parent)
    assert set(texts) == own
    assert all(set(texts[name][language]) == {"title", "advice"} for name in own for language in LANGUAGES)
