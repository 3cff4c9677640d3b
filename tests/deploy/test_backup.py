"""Backup and restore, piece by piece: the hold, the streams' snapshots, and what a restore refuses."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.js.api import StreamConfig
from rich.console import Console
from sqlalchemy import text

from deploy.backup import databases, hold, streams
from deploy.backup.hold import held
from deploy.backup.make import CURRENT, MODELS, models_of
from deploy.backup.manifest import MANIFEST, Manifest, Part, part_of, read_manifest, sha256_of
from deploy.backup.restore import keys, models
from deploy.local import checks
from deploy.local.errors import LocalError
from deploy.local.run import run
from deploy.local.servers import LocalServers
from deploy.local.settings import RunSettings
from deploy.training.shelf import Shelf
from shared.bus import EVENTS
from shared.events.base import new_id
from shared.settings import ServiceSettings
from tests.deploy.folders import data_folder
from tests.kit import eventually, incoming_of
from tests.shared.conftest import fresh_streams
from tests.shared.service import NAME, MarkMade, prepare, settings_for, started, tidy


@pytest_asyncio.fixture
async def settings(servers: LocalServers, operator: Client) -> AsyncIterator[ServiceSettings]:
    """Settings of the tiny service on new streams and an empty database."""
    await fresh_streams(servers, operator)
    chosen = settings_for(servers)
    await prepare(chosen)
    yield chosen
    await tidy(chosen)


@pytest_asyncio.fixture
async def operator(servers: LocalServers) -> AsyncIterator[Client]:
    """A connection with the operator's rights."""
    client = await nats.connect(servers.nats_url, nkeys_seed_str=servers.nats_seed("operator"))
    yield client
    await client.close()


async def test_while_held_nothing_is_published_and_all_is_accepted_and_afterwards_it_goes(
    settings: ServiceSettings, operator: Client
) -> None:
    async with started(settings) as service:
        async with held({NAME: settings.database_url}, uuid.uuid4()):
            before = (await operator.jetstream().stream_info(EVENTS)).state.last_seq
            await service.send(*(MarkMade(mark=f"m{n}") for n in range(5)))
            # Longer than the relay's poll, so that it has asked in vain at least once.
            await asyncio.sleep(settings.relay_poll * 3)
            assert await service.scalar("SELECT count(*) FROM kit_outbox") == 5
            assert (await operator.jetstream().stream_info(EVENTS)).state.last_seq == before
        await eventually(lambda: service.scalar("SELECT count(*) = 5 FROM mark WHERE times = 1"))


async def test_a_hold_whose_backup_has_died_ends_by_itself(settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold, "SECONDS", 0.5)
    dead = held({NAME: settings.database_url}, uuid.uuid4())
    monkeypatch.setattr(hold, "_keep", lambda *_: asyncio.sleep(3600))
    await dead.__aenter__()
    async with started(settings) as service:
        await service.send(MarkMade(mark="later"))
        await eventually(lambda: service.scalar("SELECT times = 1 FROM mark WHERE name = 'later'"))
    with pytest.raises(LocalError, match="ended too early"):
        await dead.__aexit__(None, None, None)


async def test_a_hold_is_kept_up_as_long_as_its_backup_lives(settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold, "SECONDS", 0.9)
    async with held({NAME: settings.database_url}, uuid.uuid4()):
        await asyncio.sleep(1.5)


async def test_a_second_backup_is_refused_while_one_is_at_work(settings: ServiceSettings) -> None:
    async with held({NAME: settings.database_url}, uuid.uuid4()):
        with pytest.raises(LocalError, match="Another backup"):
            async with held({NAME: settings.database_url}, uuid.uuid4()):
                pass


async def test_a_restored_stream_has_its_messages_under_their_sequences_and_its_gaps(operator: Client, tmp_path: Path) -> None:
    stream = operator.jetstream()
    await stream.add_stream(StreamConfig(name="KEPT", subjects=["kept.>"], deny_purge=True))
    try:
        for number in range(1, 41):
            await stream.publish(f"kept.{number}", str(number).encode() * 400, headers={"n": str(number)})
        for number in (1, 2, 17):
            await stream.delete_msg("KEPT", number)
        kept = await streams.save(operator, "KEPT", tmp_path / "kept")
        await streams.delete(operator, "KEPT")
        found = await streams.load(operator, "KEPT", tmp_path / "kept", kept["config"], kept["state"])
        assert (found["state"]["messages"], found["state"]["first_seq"], found["state"]["last_seq"]) == (37, 3, 40)
        message = await stream.get_msg("KEPT", 18)
        assert (message.subject, message.data, (message.headers or {})["n"]) == ("kept.18", b"18" * 400, "18")
        assert (await stream.publish("kept.41", b"")).seq == 41
        with pytest.raises(LocalError, match="already in use"):
            await streams.load(operator, "KEPT", tmp_path / "kept", kept["config"], kept["state"])
    finally:
        await streams.delete(operator, "KEPT")


async def test_half_a_snapshot_is_no_stream(operator: Client, tmp_path: Path) -> None:
    stream = operator.jetstream()
    await stream.add_stream(StreamConfig(name="HALF", subjects=["half.>"]))
    for number in range(40):
        await stream.publish("half.x", uuid.uuid4().bytes * 100 + str(number).encode())
    kept = await streams.save(operator, "HALF", tmp_path / "half")
    await streams.delete(operator, "HALF")
    whole = (tmp_path / "half").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LocalError, match="NATS refuses restore of HALF"):
        await streams.load(operator, "HALF", tmp_path / "half", kept["config"], kept["state"])
    assert "HALF" not in await streams.names(operator)


async def test_a_service_goes_on_in_a_restored_stream_without_hearing_the_past_again(
    settings: ServiceSettings, operator: Client, tmp_path: Path
) -> None:
    async with started(settings, since="now") as service:
        await service.send(MarkMade(mark="before"))
        await eventually(lambda: service.scalar("SELECT times = 1 FROM mark"))
        await eventually(lambda: service.scalar("SELECT count(*) = 1 FROM kit_cursor"))
    kept = await streams.save(operator, EVENTS, tmp_path / "events")
    # What the broker has forgotten, as after a restore: the consumer, and when the stream was made.
    await streams.delete(operator, EVENTS)
    found = await streams.load(operator, EVENTS, tmp_path / "events", kept["config"], kept["state"])
    await databases.follow_stream(settings.database_url, kept["created"], found["created"], found["state"]["last_seq"])
    async with started(settings, since="now") as service:
        async with service.database.transaction() as tx:
            # Without the inbox, only the place in the stream keeps the past away.
            await tx.execute(text("DELETE FROM kit_inbox"))
        await service.send(MarkMade(mark="after"))
        await eventually(lambda: service.scalar("SELECT times = 1 FROM mark WHERE name = 'after'"))
        assert await service.times() == {"before": 1, "after": 1}


async def test_a_database_survivor_follows_a_stream_restored_from_before_what_it_has_read(
    settings: ServiceSettings, operator: Client, tmp_path: Path
) -> None:
    async with started(settings) as service:
        kept = await streams.save(operator, EVENTS, tmp_path / "events")
        await service.send(*(MarkMade(mark=f"lost-{n}") for n in range(3)))
        last = kept["state"]["last_seq"] + 6
        await eventually(lambda: service.scalar(f"SELECT ack_floor >= {last - 3} FROM kit_cursor"))
    await streams.delete(operator, EVENTS)
    found = await streams.load(operator, EVENTS, tmp_path / "events", kept["config"], kept["state"])
    await databases.follow_stream(settings.database_url, kept["created"], found["created"], found["state"]["last_seq"])
    # Others publish more than was lost before the service looks where it stands: a stale place would skip some of it.
    for n in range(20):
        new = incoming_of(MarkMade(mark=f"new-{n}"))
        await operator.jetstream().publish(new.subject, new.body, headers=new.headers)
    async with started(settings) as service:
        await eventually(lambda: service.scalar("SELECT count(*) = 20 FROM mark WHERE name LIKE 'new-%' AND times = 1"))


async def test_a_restored_database_is_marked_and_gives_out_higher_numbers(settings: ServiceSettings) -> None:
    async with databases.connected(settings.database_url) as connection:
        for statement in (
            "CREATE TABLE IF NOT EXISTS numbered (n bigint GENERATED ALWAYS AS IDENTITY)",
            "INSERT INTO numbered DEFAULT VALUES",
            "INSERT INTO kit_hold (backup, until) VALUES (gen_random_uuid(), 'infinity')",
        ):
            await connection.execute(text(statement))
        await connection.commit()
        number, cut = new_id(), (await connection.execute(text("SELECT now()"))).scalar_one()
        await connection.rollback()
        await databases.mark_restored(settings.database_url, number, cut)
        given = (await connection.execute(text("INSERT INTO numbered DEFAULT VALUES RETURNING n"))).scalar_one()
        assert given > databases.LEAP
        assert (await connection.execute(text("SELECT backup, restored_at > cut_at FROM kit_restored"))).one() == (number, True)
        assert (await connection.execute(text("SELECT count(*) FROM kit_hold"))).scalar_one() == 0
        await connection.execute(text("DROP TABLE numbered"))
        await connection.commit()


def test_keys_of_data_come_from_the_backup_and_logins_of_servers_stay(tmp_path: Path) -> None:
    folder, data = tmp_path / "backup", tmp_path / "data"
    for place, said in ((folder, "backup"), (data, "here")):
        (place / "secrets").mkdir(parents=True)
        for name in ("master-intake.key", "nats-intake.seed", "postgres-intake.password", "master-notify.key"):
            (place / "secrets" / name).write_text(said)
    (data / "secrets" / "master-notify.key").unlink()
    (folder / "secrets" / "demo.json").write_text("{}")
    missing, other = keys(data, folder)
    assert missing == {data / "demo.json": "{}", data / "secrets" / "master-notify.key": "backup"}
    assert other == {data / "secrets" / "master-intake.key": "backup"}


def test_no_suite_starts_on_half_a_restore() -> None:
    # On a taken port it would not start either, and say something else.
    with data_folder("half") as data, socket.create_server(("127.0.0.1", 0)) as taken:
        data.mkdir()
        settings = RunSettings(data=data, port=taken.getsockname()[1])
        checks.check_layout(data)
        checks.unfinished_restore(data).touch()
        console = Console(file=io.StringIO())
        assert run(settings, "", console) == 2
        assert "broken off" in console.file.getvalue()  # type: ignore[attr-defined]


def _backup(folder: Path) -> Path:
    (folder / "file").write_bytes(b"content")
    manifest = Manifest(
        backup=uuid.uuid4(),
        lianxin="0",
        site="320412",
        profile="p@1",
        cut_at="2026-01-01T00:00:00Z",
        held=0,
        took=0,
        databases={},
        streams={},
        others={"file": Part(**part_of(folder, "file"))},
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json())
    return folder


def test_a_backup_with_a_changed_missing_or_unlisted_part_is_refused(tmp_path: Path) -> None:
    folder = _backup(tmp_path)
    assert read_manifest(folder).others["file"].bytes == 7
    (folder / "file").write_bytes(b"Content")
    with pytest.raises(LocalError, match="damaged"):
        read_manifest(folder)
    (folder / "file").unlink()
    with pytest.raises(LocalError, match="missing"):
        read_manifest(folder)
    whole = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**whole, "format": 2}))
    with pytest.raises(LocalError, match="another version"):
        read_manifest(folder)
    (folder / MANIFEST).unlink()
    with pytest.raises(LocalError, match="no finished backup"):
        read_manifest(folder)


def test_models_come_back_with_the_one_in_use_and_a_backup_without_any_leaves_the_shelf_alone(tmp_path: Path) -> None:
    here, there, folder = tmp_path / "here", tmp_path / "there", tmp_path / "backup"
    for place in (here, there, folder / MODELS):
        place.mkdir(parents=True)
    shelf = Shelf(here)
    shelf.put("2026-01-01-aaaa", b"old")
    shelf.put("2026-02-02-bbbb", b"new")
    shelf.use("2026-01-01-aaaa")
    parts = models_of(here, folder)
    assert set(parts) == {f"{MODELS}/2026-01-01-aaaa", f"{MODELS}/2026-02-02-bbbb", CURRENT}
    assert all(part.sha256 == sha256_of(folder / file) for file, part in parts.items())
    assert not [file for file in folder.rglob("*") if file.is_file() and file.stat().st_mode & 0o077]
    Shelf(there).put("2026-03-03-cccc", b"own")
    Shelf(there).use("2026-03-03-cccc")
    models(there, tmp_path / "nothing")
    assert Shelf(there).in_use() == "2026-03-03-cccc"
    models(there, folder)
    assert {one.version: one.is_current for one in Shelf(there).kept()} == {
        "2026-01-01-aaaa": True,
        "2026-02-02-bbbb": False,
        "2026-03-03-cccc": False,
    }
    assert Shelf(there).current.read_bytes() == b"old"
