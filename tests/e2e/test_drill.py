"""The restore drill (F40): backed up under load, wiped, put back; and what a survivor knows of that the backup does not."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import nats
import pytest

from deploy.backup.manifest import MANIFEST, Manifest
from deploy.local.backends import Backends
from deploy.local.credentials import Credentials
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


def put_back(suite: Suite, folder: Path, *options: str) -> str:
    done = lianxin(suite, "restore", str(folder), *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@asynccontextmanager
async def world_of(suite: Suite) -> AsyncIterator[World]:
    async with httpx.AsyncClient(base_url=suite.url, timeout=30) as client:
        yield World(suite, client)


class Pages:
    """Open pages of some accounts: what was pushed to each, and the position to resume after."""

    def __init__(self, world: World, after: dict[str, int] | None = None) -> None:
        self.world, self.pushed, self.after = world, Counter[tuple[str, ...]](), dict(after or {})

    async def __aenter__(self) -> Pages:
        ready = [asyncio.Event() for _ in PUSHED_TO]
        self.tasks = [asyncio.create_task(self._read(*who, event)) for who, event in zip(PUSHED_TO, ready, strict=True)]
        for event in ready:
            await asyncio.wait_for(event.wait(), 30)
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
        await asyncio.sleep(0.1)
    return sent


async def before_the_disaster(suite: Suite, place: Path) -> dict[str, Any]:
    async with world_of(suite) as world, Pages(world) as pages:
        early = [await world.submit() for _ in range(3)]
        over = asyncio.Event()
        loads = [asyncio.create_task(load_until(world, over)) for _ in range(3)]
        try:
            folder, manifest = await asyncio.to_thread(backed_up, suite, place)
        finally:
            over.set()
        during = [opinion for load in loads for opinion in await load]
        late = [await world.submit() for _ in range(3)]
        await world.still()
        return {"folder": folder, "manifest": manifest, "pages": pages, "early": early, "during": during, "late": late}


async def after_the_restore(suite: Suite, told: dict[str, Any]) -> None:
    everything = [*told["early"], *told["during"], *told["late"]]
    async with world_of(suite) as world, Pages(world, after=told["pages"].after) as pages:
        await world.still()
        report = await reconcile(Sources.of(suite.settings))
        assert report.clean, report.wrong()
        assert not any(report.dead.values())
        there = {row.number for row in await suite.query("intake", "SELECT number FROM opinion")}
        assert {opinion["number"] for opinion in told["early"]} <= there
        assert not {opinion["number"] for opinion in told["late"]} & there
        for opinion in everything:
            answer = await world.client.get(f"/api/intake/opinions/{opinion['number']}", headers={"X-Lookup-Code": opinion["lookup_code"]})
            assert answer.status_code == (200 if opinion["number"] in there else 404), "a number that is lost is nobody else's"
        assert there == {row.number for row in await suite.query("routing", "SELECT number FROM cases")}
        new = await world.submit()
        assert new["number"] not in {opinion["number"] for opinion in everything}

        async def heard() -> bool:
            return any(new["number"] in notice for notice in pages.pushed)

        await eventually(heard, within=20, what="the new assignment on the department's open page")
        twice = [notice for notice in pages.pushed if notice in told["pages"].pushed]
        assert not twice, twice
        assert not (await reconcile(Sources.of(suite.settings))).doubled


def test_a_backup_under_load_put_back_on_an_empty_place_has_lost_nothing_before_it_and_tells_nobody_twice(
    suite: Suite, place: Path
) -> None:
    told = asyncio.run(before_the_disaster(suite, place))
    master = (suite.data / "secrets" / "master-intake.key").read_text()
    suite.stop()
    shutil.rmtree(suite.data)
    # Whoever prepared the new machine has made logins of their own.
    (suite.data / "secrets").mkdir(parents=True)
    logins = Credentials(suite.data / "secrets")
    made = [logins.password("intake"), logins.seed("intake")]
    put_back(suite, told["folder"])
    assert [logins.password("intake"), logins.seed("intake")] == made
    assert (suite.data / "secrets" / "master-intake.key").read_text() == master
    suite.start()
    asyncio.run(after_the_restore(suite, told))


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


def is_exactly(findings: list[Finding], later: dict[str, dict[str, Any]], opinions: set[str], listened: set[str]) -> None:
    """The findings name each later event that somebody listens to, each later opinion, and nothing that is older."""
    fields = {str(value) for event in later.values() for value in event.values()} | set(later)
    for finding in findings:
        assert not finding.doubled
        for name in finding.missing | finding.orphaned:
            assert name in fields or set(name.split(":")) <= fields, f"{finding.check} names {name}, which came before the backup"
    delivered = [f.missing | f.orphaned for f in findings if f.check == "delivered events took effect"]
    assert set().union(*delivered) == {number for number, event in later.items() if event["type"] in listened}
    told = next(f for f in findings if f.check == "opinions are told")
    assert told.missing | told.orphaned == opinions


def test_what_a_survivor_knows_of_and_the_backup_does_not_is_named_exactly(suite: Suite, place: Path) -> None:
    async def prepared() -> tuple[Path, dict[str, dict[str, Any]], set[str], set[str]]:
        async with world_of(suite) as world:
            await world.still()
            folder, manifest = await asyncio.to_thread(backed_up, suite, place)
            refused = await asyncio.to_thread(lianxin, suite, "restore", str(folder), "--replace")
            assert refused.returncode == 2 and "is running" in refused.stdout
            numbers = {(await world.submit())["number"] for _ in range(3)}
            await world.still()
        rows = await suite.query("intake", "SELECT id, number FROM opinion")
        listened = {row.event for service in SERVICES for row in await suite.query(service, "SELECT event FROM kit_subscription")}
        return folder, await later_than(suite, manifest), {str(row.id) for row in rows if row.number in numbers}, listened

    folder, later, opinions, listened = asyncio.run(prepared())
    assert len(opinions) == 3 and len(later) >= 9
    suite.stop()
    data, broker = suite.data, suite.data / "nats"
    kept = data / "nats.kept"
    broker.rename(kept)
    put_back(suite, folder, "--streams-only")
    is_exactly(reconciled(suite), later, opinions, listened)
    # The other way round: the broker is what it was, the databases are lost.
    shutil.rmtree(broker)
    kept.rename(broker)
    shutil.rmtree(data / "postgres")
    refused = lianxin(suite, "restore", str(folder))
    assert refused.returncode == 2 and "--replace" in refused.stdout
    put_back(suite, folder, "--replace")
    gap = json.loads(next(data.glob("gap-*.json")).read_text())
    findings = [Finding(**{**g, **{kind: set(g[kind]) for kind in ("missing", "doubled", "orphaned")}}) for g in gap]
    is_exactly(findings, later, opinions, listened)
    assert all(finding.clean for finding in reconciled(suite))


def reconciled(suite: Suite) -> list[Finding]:
    """The findings on servers without services."""
    servers = LocalServers(suite.data)
    servers.start()
    try:
        return asyncio.run(reconcile(Sources.of(suite.settings))).findings
    finally:
        servers.stop()
