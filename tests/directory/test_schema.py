"""The migrations make what the models say; every refusal and every profile label has its texts."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from services.directory import errors
from services.directory.main import build
from services.directory.models import Base
from services.directory.sessions.actions import DECOY_SLOTS
from services.directory.settings import DirectoryPolicy, Settings
from shared.errors import Refused
from shared.events.directory import CodeKind, MandateLevel, StationKind
from shared.profile import load
from shared.settings import ROOT
from shared.texts import LANGUAGES, catalogue
from tests.directory.conftest import Place

HERE = Path(errors.__file__).parent


async def test_the_database_is_as_the_models_say(empty: Place) -> None:
    def differences(connection: Connection) -> list[object]:
        own = set(Base.metadata.tables)

        def is_own(thing: object, name: str | None, kind: str, reflected: bool, compared: object) -> bool:
            return kind != "table" or name in own

        context = MigrationContext.configure(connection, opts={"include_object": is_own})
        return list(compare_metadata(context, Base.metadata))

    async with empty.service.database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


def test_the_migration_makes_as_many_decoys_as_the_verb_uses() -> None:
    source = (HERE / "migrations" / "versions" / "0001_directory.py").read_text("utf-8")
    assert f"range({DECOY_SLOTS})" in source


def test_every_refusal_has_its_texts_and_every_text_its_refusal() -> None:
    classes = [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, Refused)]
    names = {thing.__name__ for thing in classes if thing is not Refused}
    texts = catalogue(HERE)
    assert set(texts) == names
    for name in names:
        for language in LANGUAGES:
            assert set(texts[name][language]) == {"title", "advice"}


def test_the_profile_names_every_kind_level_and_form() -> None:
    policy = load(ROOT / "deploy" / "profiles" / "wujin.yaml", "directory", DirectoryPolicy)
    assert set(policy.station_labels) == set(get_args(StationKind))
    assert set(policy.level_labels) == set(get_args(MandateLevel))
    assert set(policy.forms) == set(get_args(CodeKind))


def test_every_route_names_its_permission() -> None:
    app = build(Settings(database_url="postgresql+asyncpg://nobody@nowhere/nothing"))
    paths = app.openapi()["paths"]
    assert all(door["x-permission"] for doors in paths.values() for door in doors.values())
    assert paths["/imports/{kind}"]["post"]["x-permission"] == ["import.run"]
    assert paths["/login"]["post"]["x-permission"] == ["public"]
