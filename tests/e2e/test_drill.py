"""The restore drill (F40): backed up under load, wiped, put back; and what a survivor knows of that the backup does not."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import nats
import pytest

from deploy.backup import restore
from deploy.backup.manifest import MANIFEST, Manifest
from deploy.local.backends import Backends
from deploy.local.credentials import Credentials
from deploy.local.errors import LocalError
from deploy.local.servers import SERVICES, LocalServers
from deploy.reconcile import Finding, Sources, reconcile
from shared.bus import EVENTS
from shared.settings import ROOT
from tests.e2e.conftest import load_demo
from tests.e2e.suite import Suite
from tests.e2e.world import World
from tests.kit import eventually

PUSHED_TO = (("desk", None), ("leader", None), ("department", "housing"))


@pytest.fixture
def suite() -> Iterator[Suite]:
    """A suite of this test's own, with its place and two messages through the loop."""
    suite = Suite("drill")
    try:
        suite.start()
        load_demo(suite, 2)
        yield suite
    finally:
        suite.remove()


@pytest.fixture
def place(suite: Suite) -> Iterator[Path]:
    """Where backups go: not into the folder that is going to be lost."""
    folder = suite.data.with_name(f"{suite.data.name}-backups")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def lianxin(suite: Suite, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command, as an operator types it."""
    command = [sys.executable, "-m", "deploy.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env=suite.environment, capture_output=True, text=True, check=False)


def backed_up(suite: Suite, place: Path) -> tuple[Path, Manifest]:
    done = lianxin(suite, "backup", "--to", str(place))
    assert done.returncode == 0, done.stdout + done.stderr
    folder = next(place.iterdir())
    assert folder.stat().st_mode & 0o077 == 0 and all(f.stat().st_mode & 0o077 == 0 for f in folder.rglob("*.*"))
    return folder, Manifest.model_validate_json((folder / MANIFEST).read_bytes())


@asynccontextmanager
async def world_of(suite: Suite) -> AsyncIterator[World]:
    async with httpx.AsyncClient(base_url=suite.url, timeout=60) as client:
        yield World(suite, client)


class Pages:
    """Open pages of some accounts: what was pushed to each, and the position to resume after."""

    def __init__(self, world: World, after: dict[str, int] | None = None) -> None:
        self.world, self.pushed, self.after = world, Counter[tuple[str, ...]](), dict(after or {})

    async def __aenter__(self) -> Pages:
        ready = [asyncio.Event() for _ in PUSHED_TO]
        self.tasks = [asyncio.create_task(self._read(*who, event)) for who, event in zip(PUSHED_TO, ready, strict=True)]
        for event in ready:
            await asyncio.wait_for(event.wait(), 90)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _read(self, role: str, organisation: str | None, ready: asyncio.Event) -> None:
        headers = await self.world.sign_in(role, organisation)
        if role in self.after:
            headers["Last-Event-ID"] = str(self.after[role])
        async with self.world.client.stream("GET", "/api/notify/stream", headers=headers) as answer:
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    self.after[role] = int(value)
                    ready.set()
                elif name == "data" and "notice_class" in value:
                    notice = json.loads(value)
                    params = notice["params"]
                    self.pushed[role, notice["notice_class"], str(params.get("number")), str(params.get("round"))] += 1


async def load_until(world: World, over: asyncio.Event) -> list[dict[str, Any]]:
    """Opinions sent one after the other, some a second: enough that some are under way at any moment."""
    sent: list[dict[str, Any]] = []
    while not over.is_set():
        sent.append(await world.submit(text=f"第 {len(sent)} 号：小区的路灯坏了。", contact={"name": "李某", "phone": "13800000000"}))
        await asyncio.sleep(0.25)
    return sent


@dataclass
class Told:
    """What was known before the disaster, to be compared with what is known afterwards."""

    folder: Path
    pages: Counter[tuple[str, ...]]
    positions: dict[str, int]
    early: list[dict[str, Any]]
    others: list[dict[str, Any]]
    late: list[dict[str, Any]]
    later: dict[str, dict[str, Any]]
    listened: set[str]


async def before_the_disaster(suite: Suite, place: Path) -> Told:
    async with world_of(suite) as world, Pages(world) as pages:
        early = [await world.submit() for _ in range(3)]
        over = asyncio.Event()
        loads = [asyncio.create_task(load_until(world, over)) for _ in range(3)]
        try:
            folder, manifest = await asyncio.to_thread(backed_up, suite, place)
        finally:
            over.set()
        others = [opinion for load in loads for opinion in await load]
        late = [await world.submit() for _ in range(3)]
        await world.still()
    with pytest.raises(LocalError, match="is running"):
        restore(suite.settings, folder, replace=True)
    listened = {row.event for service in SERVICES for row in await suite.query(service, "SELECT event FROM kit_subscription")}
    return Told(folder, pages.pushed, pages.after, early, others, late, await later_than(suite, manifest), listened)


async def after_the_restore(suite: Suite, told: Told) -> None:
    everything = [*told.early, *told.others, *told.late]
    async with world_of(suite) as world, Pages(world, after=told.positions) as pages:
        await world.still()
        report = await reconcile(Sources.of(suite.settings))
        assert report.clean, report.wrong()
        assert not any(report.dead.values())
        there = {row.number for row in await suite.query("intake", "SELECT number FROM opinion")}
        assert {opinion["number"] for opinion in told.early} <= there
        assert not {opinion["number"] for opinion in told.late} & there
        assert there == {row.number for row in await suite.query("routing", "SELECT number FROM cases")}
        for opinion in everything:
            answer = await world.client.get(f"/api/intake/opinions/{opinion['number']}", headers={"X-Lookup-Code": opinion["lookup_code"]})
            assert answer.status_code == (200 if opinion["number"] in there else 404), "a number that is lost is nobody else's"
        new = await world.submit()
        assert new["number"] not in {opinion["number"] for opinion in everything}

        async def heard() -> bool:
            return any(new["number"] in notice for notice in pages.pushed)

        await eventually(heard, within=20, what="the new assignment on the department's open page")
        assert not pages.pushed.keys() & told.pages.keys(), "told twice"


async def later_than(suite: Suite, manifest: Manifest) -> dict[str, dict[str, Any]]:
    """Every event that came after the backup, by id, and the names of those that somebody listens to."""
    backends = Backends(suite.settings, list(SERVICES))
    client = await nats.connect(backends.bus.url, nkeys_seed_str=backends.seed("operator"))
    stream = client.jetstream()
    first, last = manifest.streams[EVENTS].last_seq + 1, (await stream.stream_info(EVENTS)).state.last_seq
    messages = [await stream.get_msg(EVENTS, number) for number in range(first, last + 1)]
    await client.close()
    return {
        str(dict(m.headers or {})["ce-id"]): {"type": dict(m.headers or {})["ce-type"], **json.loads(m.data or b"{}")} for m in messages
    }


def is_exactly(findings: Sequence[Finding], told: Told, *, but: set[str]) -> None:
    """The findings name each later event that somebody listens to, each later opinion, and nothing that is older."""
    fields = {str(value) for event in told.later.values() for value in event.values()} | set(told.later)
    for finding in findings:
        assert not finding.doubled
        for name in finding.missing | finding.orphaned:
            assert name in fields or set(name.split(":")) <= fields, f"{finding.check} names {name}, which came before the backup"
    delivered = [f.missing | f.orphaned for f in findings if f.check == "delivered events took effect"]
    assert set().union(*delivered) == {number for number, event in told.later.items() if event["type"] in told.listened} - but
    opinions = {e["opinion_id"] for number, e in told.later.items() if e["type"] == "intake.opinion_submitted.v1" and number not in but}
    named = next(f for f in findings if f.check == "opinions are told")
    assert named.missing | named.orphaned == opinions
    assert len(opinions) >= len(told.late)


def on_servers(suite: Suite, look: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """What `look` finds on servers without services."""
    servers = LocalServers(suite.data)
    servers.start()
    try:
        return asyncio.run(look())
    finally:
        servers.stop()


async def to_publish(suite: Suite) -> set[str]:
    return {str(row.id) for service in SERVICES for row in await suite.query(service, "SELECT id FROM kit_outbox")}


def test_whatever_is_lost_after_a_backup_under_load_comes_back_or_is_named_and_nobody_is_told_twice(suite: Suite, place: Path) -> None:
    told = asyncio.run(before_the_disaster(suite, place))
    suite.stop()
    data, broker, kept = suite.data, suite.data / "nats", suite.data / "nats.kept"

    # The broker is lost, the databases go on.
    broker.rename(kept)
    restore(suite.settings, told.folder, streams_only=True)
    is_exactly(on_servers(suite, lambda: reconcile(Sources.of(suite.settings))).findings, told, but=set())

    # The databases are lost, the broker is as it was.
    shutil.rmtree(broker)
    kept.rename(broker)
    shutil.rmtree(data / "postgres")
    with pytest.raises(LocalError, match="--replace"):
        restore(suite.settings, told.folder)
    done = restore(suite.settings, told.folder, replace=True)
    assert done.gap_file is not None
    assert {f["check"] for f in json.loads(done.gap_file.read_text())} == {f.check for f in done.gap.findings}
    is_exactly(done.gap.findings, told, but=on_servers(suite, lambda: to_publish(suite)))

    # All is lost, and whoever prepared the new machine has made logins of their own.
    master = (data / "secrets" / "master-intake.key").read_text()
    shutil.rmtree(data)
    (data / "secrets").mkdir(parents=True)
    logins = Credentials(data / "secrets")
    made = [logins.password("intake"), logins.seed("intake")]
    again = lianxin(suite, "restore", str(told.folder))
    assert again.returncode == 0, again.stdout + again.stderr
    assert [logins.password("intake"), logins.seed("intake")] == made
    assert (data / "secrets" / "master-intake.key").read_text() == master
    suite.start()
    asyncio.run(after_the_restore(suite, told))
