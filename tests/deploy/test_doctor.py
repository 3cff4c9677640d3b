"""Doctor finds what is wrong, each thing by itself, also when half of the suite is dead, and says what to type."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from typer.testing import CliRunner

from deploy.cli.main import app
from deploy.doctor import Finding, databases, examine
from deploy.doctor.findings import finding
from deploy.doctor.machine import look_at_machine
from deploy.doctor.suite import replicas_say
from deploy.local.prepare import Preparation
from deploy.local.servers import LocalServers
from deploy.local.settings import RunSettings
from shared.health import troubles
from shared.settings import ServiceSettings
from shared.streams import declare
from tests import kit
from tests.conftest import Build
from tests.e2e.suite import free_port


@pytest.fixture
def settings(servers: LocalServers) -> RunSettings:
    """The session's servers as an operator sees them; no service runs on them."""
    return RunSettings(data=servers.data, port=free_port(), site=kit.SITE, demo=False)


@pytest_asyncio.fixture
async def operator(servers: LocalServers) -> AsyncIterator[Client]:
    client = await nats.connect(servers.nats_url, nkeys_seed_str=servers.nats_seed("operator"))
    yield client
    await client.close()


async def _found(settings: RunSettings) -> dict[str, Finding]:
    """What is not well, by its name."""
    return {one.check: one for one in await examine(settings) if one.level != "ok"}


async def test_a_dead_broker_hides_nothing_of_the_databases_and_a_dead_database_nothing_of_the_broker(
    settings: RunSettings, servers: LocalServers
) -> None:
    try:
        servers.kill_nats()
        found = await _found(settings)
        assert found["broker_away"].level == "wrong" and found["broker_away"].heal == "docs/operating.md#busaway"
        assert "ConnectionRefusedError" in found["broker_away"].en, "at once, and with the reason"
        assert "database_away" not in found and found["no_replica"].level == found["gateway_silent"].level == "wrong"
        servers.start()
        servers.kill_postgres()
        found = await _found(settings)
        assert found["database_away"].level == "wrong" and "intake" in found["database_away"].en
        assert "broker_away" not in found and "stream_missing" not in found
        assert found["not_running"].heal == "make run"
    finally:
        servers.start()


async def test_altered_streams_lost_consumers_and_dead_letters_are_named(
    settings: RunSettings, servers: LocalServers, operator: Client
) -> None:
    stream = operator.jetstream()
    sizes = Preparation({}, "", None, kit.SITE, servers.nats.max_file_store).sizes
    wanted = ServiceSettings(site=kit.SITE, **sizes, events_max_age_days=7)
    try:
        await declare(servers.nats_url, servers.nats_seed("operator"), wanted)
        await stream.publish(f"dead.{kit.SITE}.routing.opinion_classified.v1", b"{}")
        found = await _found(settings)
        assert "max_age" in found["stream_drift"].en and found["stream_drift"].heal == "lianxin migrate"
        assert "routing 1" in found["dead_letters"].zh and found["dead_letters"].heal.startswith("lianxin dead list")
        assert "routing" in found["consumer_missing"].en
        await stream.delete_stream("AUDIT")
        assert "AUDIT" in (await _found(settings))["stream_missing"].en
    finally:
        await stream.delete_stream("DEAD")
        await declare(
            servers.nats_url,
            servers.nats_seed("operator"),
            ServiceSettings(site=kit.SITE, events_max_bytes=512 * 1024**2, objects_max_bytes=64 * 1024**2),
        )


_WAITS = """
INSERT INTO kit_outbox (id, subject, headers, body, created_at, parked_reason)
VALUES (gen_random_uuid(), 's', '{}', '', now() - interval '1 hour', NULL), (gen_random_uuid(), 's', '{}', '', now(), 'too large')
"""


async def test_what_the_databases_hide_is_named(settings: RunSettings, running: Build) -> None:
    notify, scoring = await running("notify"), await running("scoring")
    async with notify.tx() as tx:
        await tx.execute(text(_WAITS))
    async with scoring.tx() as tx:
        version = (await tx.execute(text("SELECT version_num FROM migration"))).scalar_one()
        await tx.execute(text("UPDATE migration SET version_num = '0000'"))
    try:
        found = await _found(settings)
    finally:
        async with scoring.tx() as tx:
            await tx.execute(text("UPDATE migration SET version_num = :version"), {"version": version})
    assert "scoring" in found["migrations_behind"].en and found["migrations_behind"].heal.startswith("lianxin migrate")
    assert "notify" in found["outbox_waits"].en and "notify" in found["outbox_row_parked"].en
    assert "fsync" in found["not_durable"].en, "the tests' own server trusts the operating system"


async def test_a_database_that_lets_nobody_in_for_want_of_room_is_full_and_not_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*args: Any, **more: Any) -> Any:
        raise asyncpg.exceptions.DiskFullError("could not write init file: No space left on device")

    monkeypatch.setattr(databases, "create_async_engine", partial(create_async_engine, async_creator=refused))
    found, _ = await databases.look_at_databases({"intake": "postgresql+asyncpg://intake@nowhere/intake"})
    assert [(one.level, one.check) for one in found] == [("wrong", "database_full")] and "intake" in found[0].en


def test_secrets_that_others_can_read_and_a_profile_that_is_none_are_named(settings: RunSettings, servers: LocalServers) -> None:
    secret = servers.data / "secrets" / "postgres-intake.password"
    secret.chmod(0o644)
    try:
        wrong = settings.model_copy(update={"profile": Path(__file__)})
        found = {one.check: one for one in look_at_machine(wrong) if one.level != "ok"}
    finally:
        secret.chmod(0o600)
    assert secret.name in found["secrets_open"].en and found["secrets_open"].heal.startswith("chmod -R go-rwx")
    assert found["profile"].level == "wrong"


def test_where_nothing_was_ever_started_doctor_says_so_and_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANXIN_DATA", str(tmp_path / "nowhere"))
    done = CliRunner().invoke(app, ["doctor", "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == told["exit"] == 2
    assert [one["check"] for one in told["findings"] if one["level"] == "wrong"] == ["data_missing"]
    assert list(tmp_path.iterdir()) == []


def test_the_exit_status_is_that_of_the_worst_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    for levels, status in ((["ok"], 0), (["ok", "warning"], 1), (["warning", "wrong", "ok"], 2)):
        found = [finding(level, "disk", free=1, data="/x") for level in levels]  # type: ignore[arg-type]

        async def examined(_: RunSettings, found: list[Finding] = found) -> list[Finding]:
            return found

        monkeypatch.setattr("deploy.cli.doctor.examine", examined)
        done = CliRunner().invoke(app, ["doctor"])
        assert done.exit_code == status
        assert ("→ docs/operating.md#disknearlyfull" in done.stdout) == (status > 0)


def test_every_trouble_that_a_replica_can_tell_has_its_words() -> None:
    bad: dict[str, Any] = {"bus": False, "database_full": True, "publish_refused": "stream_full", "fetch_age": 99.0, "progress_age": 99.0}
    bad |= {"lag": 1, "unacked": 1, "outbox_age": 99.0, "outbox_parked": 1, "audit_age": 1e6, "audit_contradicted": 1, "recreated_at": 0}
    names = {*troubles(bad, 30.0), "not_confirmed", "audit_contradicted"}
    assert len(names) == 10
    for name in names:
        assert finding("wrong", f"trouble_{name}", names="intake").heal.startswith("docs/operating.md#")
    assert asyncio.iscoroutinefunction(examine) and replicas_say({})


def test_the_age_of_the_last_backup_is_told(settings: RunSettings, servers: LocalServers) -> None:
    mark = servers.data / "run" / "backup.json"
    try:
        for hours, level in ((1, "ok"), (30, "warning")):
            mark.write_text(json.dumps({"at": time.time() - hours * 3600, "folder": "/x"}))
            told = next(one for one in look_at_machine(settings) if one.check == "backup")
            assert told.level == level and f"{hours}.0" in told.en
    finally:
        mark.unlink()
