"""F16 and F17: the disk of the broker and that of the database run full, each a small one of its own. Needs root, to mount them."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local import accounts
from deploy.local.credentials import Credentials
from deploy.local.nats_server import NatsServer
from deploy.local.servers import LocalServers
from shared.settings import ServiceSettings
from shared.streams import declare
from tests import kit
from tests.deploy.folders import data_folder
from tests.kit import eventually
from tests.shared.service import MarkMade, Service, started

VISIBLE_WITHIN = 30.0
"""Seconds in which an operator must see it (trust, F16); the services' own limits are what they are in production here."""


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Disk]:
    """A disk of `size` mounted on the new `folder`. Skips the test where nothing can be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Disk:
    """A small disk that can be filled and freed, as by somebody else's files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "somebody-elses-file"

    def fill(self, leave: int = 0) -> None:
        """Takes what is free but for `leave` bytes."""
        found = os.statvfs(self.folder)
        with self._ballast.open("wb") as file, contextlib.suppress(OSError):
            file.write(bytes(max(0, found.f_bavail * found.f_frsize - leave)))

    def free(self) -> None:
        """Gives it back."""
        self._ballast.unlink()


class SmallBroker(NamedTuple):
    """A broker whose store lies on a small disk, and the tiny service on it."""

    service: Service
    broker: NatsServer
    credentials: Credentials
    disk: Disk


@asynccontextmanager
async def on_small_broker(settings: ServiceSettings, events_max_bytes: int) -> AsyncIterator[SmallBroker]:
    """The tiny service on a broker whose store lies on a disk of 24 MB, with the production's limit for `/health/flow`."""
    with data_folder("full") as data, small_disk(data / "nats", "24m") as disk:
        accounts.make_data_folder(data)
        credentials = Credentials(data / "secrets")
        broker = NatsServer(data, kit.SITE, credentials, port=0, max_file_store=700 * 1024**2)
        try:
            broker.start()
            await _declare(broker, credentials, events_max_bytes)
            own = {"nats_url": broker.url, "nats_seed": credentials.seed("scoring"), "flow_limit": 30.0}
            chosen = settings.model_validate({**settings.model_dump(), **own})
            async with started(chosen) as service:
                await service.send(MarkMade(mark="before"))
                await eventually(lambda: service.scalar("SELECT times FROM mark WHERE name = 'before'"))
                yield SmallBroker(service, broker, credentials, disk)
        finally:
            broker.stop()


async def _declare(broker: NatsServer, credentials: Credentials, events_max_bytes: int) -> None:
    settings = ServiceSettings(site=kit.SITE, events_max_bytes=events_max_bytes, objects_max_bytes=16 * 1024**2)
    await declare(broker.url, credentials.seed("operator"), settings)


async def _troubles(service: Service) -> list[str]:
    answer = await service.client.get("/health/flow")
    found: list[str] = answer.json()["troubles"]
    assert bool(found) == (answer.status_code == 503)
    return found


async def _gauge(service: Service, name: str) -> float:
    lines = (await service.client.get("/metrics")).text.splitlines()
    return float(next(line for line in lines if line.startswith(name + " ")).split()[1])


async def _shows(service: Service, trouble: str, gauge: str) -> bool:
    """Whether both `/health/flow` and the metric that an alert hangs on say so."""
    return trouble in await _troubles(service) and await _gauge(service, gauge) == 1


async def _all_counted_once(service: Service, number: int) -> bool:
    times = list((await service.times()).values())
    assert max(times, default=0) <= 1
    return times.count(1) == number and not await service.scalar("SELECT count(*) FROM kit_outbox")


async def test_a_full_disk_of_the_broker_is_seen_costs_nothing_and_is_healed_by_room_and_a_restart(settings: ServiceSettings) -> None:
    async with on_small_broker(settings, 300 * 1024**2) as (service, broker, _, disk):
        disk.fill(leave=512 * 1024)
        await service.send(*(MarkMade(mark=f"m{n}", padding="x" * 4000) for n in range(300)))
        await eventually(lambda: _shows(service, "not_confirmed", "lianxin_publish_refused"), within=VISIBLE_WITHIN)
        assert (await service.client.post("/marks", json={"mark": "accepted"})).status_code == 201, "the outbox takes it"
        assert (await service.client.get("/health/ready")).status_code == 200
        disk.free()
        broker.stop()
        broker.start()
        await eventually(lambda: _all_counted_once(service, 302), within=30)
        await eventually(lambda: _flows(service), within=15)
        assert await service.scalar("SELECT count(*) FROM kit_failure") == 0


async def test_a_full_stream_refuses_at_once_and_goes_on_when_its_limit_is_raised(settings: ServiceSettings) -> None:
    async with on_small_broker(settings, 1024**2) as (service, broker, credentials, _):
        await service.send(*(MarkMade(mark=f"m{n}", padding="x" * 4000) for n in range(400)))
        await eventually(lambda: _shows(service, "stream_full", "lianxin_publish_refused"), within=VISIBLE_WITHIN)
        assert (await service.client.post("/marks", json={"mark": "accepted"})).status_code == 201
        await _declare(broker, credentials, 12 * 1024**2)
        await eventually(lambda: _all_counted_once(service, 402), within=20)
        await eventually(lambda: _flows(service), within=15)


async def _flows(service: Service) -> bool:
    return not await _troubles(service)


@asynccontextmanager
async def tables_on(servers: LocalServers, folder: Path) -> AsyncIterator[None]:
    """Lets scoring's database keep the table of marks, and what is temporary, on the disk of `folder`."""
    place = folder / "tables"
    place.mkdir()
    owner = (servers.data / "postgres").stat()
    os.chown(place, owner.st_uid, owner.st_gid)
    name = f"small_{secrets.token_hex(3)}"
    await _admin(servers, f"CREATE TABLESPACE {name} LOCATION '{place}'", f"GRANT CREATE ON TABLESPACE {name} TO scoring")
    await _admin(servers, f"ALTER ROLE scoring SET temp_tablespaces = {name}")
    await _scoring(servers, f"ALTER TABLE mark SET TABLESPACE {name}", f"ALTER INDEX mark_pkey SET TABLESPACE {name}")
    try:
        yield
    finally:
        await _admin(servers, "ALTER ROLE scoring RESET temp_tablespaces")
        await _scoring(servers, "DROP TABLE mark")
        await _admin(servers, f"DROP TABLESPACE {name}")


async def _admin(servers: LocalServers, *statements: str) -> None:
    await _execute(servers.admin_database_url, statements)


async def _scoring(servers: LocalServers, *statements: str) -> None:
    await _execute(servers.database_url("scoring"), statements)


async def _execute(url: str, statements: tuple[str, ...]) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


async def test_a_full_disk_of_the_database_is_said_honestly_and_heals_by_room_alone(
    settings: ServiceSettings, servers: LocalServers
) -> None:
    with data_folder("full") as data:
        data.mkdir(mode=0o711)
        with small_disk(data / "small", "8m") as disk:
            async with tables_on(servers, disk.folder):
                await _while_the_database_is_full(settings.model_copy(update={"flow_limit": 30.0}), disk)


async def _while_the_database_is_full(settings: ServiceSettings, disk: Disk) -> None:
    async with started(settings) as service:
        assert (await service.client.post("/marks", json={"mark": "before"})).status_code == 201
        disk.fill()
        names = [secrets.token_hex(1250) for _ in range(12)]
        answers = {name: await service.client.post("/marks", json={"mark": name}) for name in names}
        refused = [answer for answer in answers.values() if answer.status_code != 201]
        assert refused, "the disk was not full"
        for answer in refused:
            _assert_honest(answer)
        await eventually(lambda: _shows(service, "database_full", "lianxin_database_full"), within=VISIBLE_WITHIN)
        saved = await service.times()
        told = {"before"} | {name for name, answer in answers.items() if answer.status_code == 201}
        assert set(saved) == told, "nothing half-saved, nothing lost"
        await service.send(MarkMade(mark=secrets.token_hex(1250)))
        await eventually(lambda: service.scalar("SELECT count(*) = 0 FROM kit_outbox"))
        disk.free()
        accepted = len(saved) + 1
        await eventually(lambda: _all_counted_once(service, accepted), within=20)
        await eventually(lambda: _flows(service), within=15)
        assert await service.scalar("SELECT count(*) FROM kit_failure") == 0, "no event was blamed"
        assert (await service.client.post("/marks", json={"mark": "after"})).status_code == 201


def _assert_honest(answer: Any) -> None:
    assert answer.status_code == 503 and answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["code"] == "DatabaseAway"
