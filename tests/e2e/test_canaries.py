"""Contact, identity, and the numbers that people write into their texts: sent through every door of intake, and found nowhere else."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import nats
import pytest
import pytest_asyncio

from deploy.backup import restore
from deploy.local.backends import Backends
from deploy.local.servers import SERVICES
from shared.settings import ROOT
from tests import kit
from tests.containers.servers import external_servers
from tests.e2e import canaries
from tests.e2e.canaries import CONTACTS, WRITTEN, Collector, Voices, heard, name, phone, written_phone
from tests.e2e.conftest import load_demo
from tests.e2e.suite import Suite
from tests.e2e.test_drill import backed_up, lianxin, on_servers
from tests.e2e.world import World
from tests.kit import eventually

ALL = [*CONTACTS, *WRITTEN]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture(scope="module")
def suite(collector: Collector) -> Iterator[Suite]:
    """A suite that traces every request, with its place."""
    with external_servers(ROOT / f".data-e2e-canary-{os.getpid()}", kit.SITE):
        running = Suite("canary", LIANXIN_OTLP_ENDPOINT=collector.url, LIANXIN_TRACE_SAMPLE="1")
        try:
            running.start()
            load_demo(running, 2)
            yield running
        finally:
            running.remove()


@pytest_asyncio.fixture
async def world(suite: Suite) -> AsyncIterator[World]:
    async with httpx.AsyncClient(base_url=suite.url, timeout=60) as client:
        yield World(suite, client)


async def through_the_loop(world: World, voices: Voices, found: dict[str, Any]) -> None:
    """The opinion is assigned, replied to and rated with a number in the comment; then its contact data are read."""
    desk, opinion = found["desk"], found["opinion"]
    case = await world.case(opinion["number"], desk)
    if case["status"] == "to_assign":
        case = await world.act(case, "assign", {"category": "construction", "lead": "housing", "co_handlers": []}, desk)
    case = await world.case(opinion["number"], desk, status="assigned")
    department = await world.sign_in("department", case["department"])
    case = await world.act(case, "accept", {}, department)
    reply = {"class": "A", "text": "已修复。", "signer": "王局长"}
    await world.act(case, "reply", reply, department)

    async def replied() -> Any:
        return (await world.track(opinion))["can_rate"]

    await eventually(replied, what="the reply")
    headers = {"X-Lookup-Code": opinion["lookup_code"]}
    rating = {"level": "satisfied", "comment": f"谢谢，{written_phone('opinion')}"}
    answer = await world.client.post(f"/api/intake/opinions/{opinion['number']}/rating", json=rating, headers=headers)
    assert answer.status_code == 201, answer.text
    listed = (await world.client.get("/api/intake/opinions", params={"limit": 100}, headers=desk)).json()["items"]
    found["opinion_id"] = next(one["id"] for one in listed if one["number"] == opinion["number"])
    shown = await world.client.post(f"/api/intake/opinions/{found['opinion_id']}/contact", json={"purpose": "reply"}, headers=desk)
    assert shown.json()["fields"] == {"name": name("opinion"), "phone": phone("opinion")}, shown.text
    # What people mistype: a number where another thing is asked for, which must not be written down either.
    await world.client.get(f"/api/intake/opinions/{phone('opinion')}", params={"q": name("opinion")}, headers=headers)
    await world.client.post("/api/intake/opinions", json={"code": phone("opinion"), "title": name("opinion"), "text": "x"})


async def look_everywhere(suite: Suite, world: World, found: dict[str, Any], collector: Collector) -> dict[str, list[str]]:
    """Each place where a canary was heard."""
    places: dict[str, list[str]] = {}

    def look(where: str, content: bytes | str) -> None:
        if singing := heard(content, ALL):
            places.setdefault(where, []).extend(singing)

    backends = Backends(suite.settings, list(SERVICES))
    client = await nats.connect(backends.bus.url, nkeys_seed_str=backends.seed("operator"))
    seen = 0
    async for where, content in canaries.messages(client):
        look(where, content)
        seen += 1
    await client.close()
    assert seen > 50, "there were messages to look at"
    for service in SERVICES:
        async for where, content in canaries.cells(suite, service):
            look(where, content)
    logs = [path for path in suite.data.rglob("*") if path.is_file() and (path.suffix == ".log" or path.parent.name in ("logs", "run"))]
    assert any(path.name == "gateway.log" for path in logs)
    for path in logs:
        look(f"log {path.name}", path.read_bytes())
    for group in (await world.client.get("/health/targets")).json():
        look(f"metrics {group['labels']['service']}", (await world.client.get(f"http://{group['targets'][0]}/metrics")).content)
    for who in ({}, found["desk"], found["station"], found["deputy"]):
        async for where, answer in canaries.public_answers(world.client, found, who):
            look(where, answer)
    assert len(collector.received) > 3 and any(b"POST /opinions" in sent for sent in collector.received), "there were spans to look at"
    for sent in collector.received:
        look("spans", sent)
    return places


async def notify_knows(suite: Suite, opinion_id: str, *, forgotten: bool = False) -> None:
    """Waits until notify has the box of a matter and its notice, or has forgotten both."""
    reach = (
        "SELECT box IS NOT NULL AND private_key IS NOT NULL AS kept, forgotten_at IS NOT NULL AS gone "
        f"FROM reach WHERE matter_id = '{opinion_id}'"
    )
    told = f"SELECT count(*) AS n FROM resident_notice WHERE matter_id = '{opinion_id}'"

    async def known() -> Any:
        rows = await suite.query("notify", reach)
        notices = (await suite.query("notify", told))[0].n
        if not rows:
            return False
        return rows[0].gone and not rows[0].kept and not notices if forgotten else rows[0].kept and notices

    await eventually(known, within=30, what="notify has forgotten the matter" if forgotten else "notify has the box and a notice")


async def test_no_canary_is_heard_outside_intake_s_sealed_columns(suite: Suite, world: World, collector: Collector) -> None:
    live: list[bytes] = []
    backends = Backends(suite.settings, list(SERVICES))
    listener = await nats.connect(backends.bus.url, nkeys_seed_str=backends.seed("operator"))

    async def keep(message: Any) -> None:
        live.append(b"\n".join([message.subject.encode(), repr(message.headers).encode(), message.data]))

    await listener.subscribe(">", cb=keep)
    voices = Voices(world)
    found = await voices.all()
    await through_the_loop(world, voices, found)
    await world.still()
    await notify_knows(suite, found["opinion_id"])
    await asyncio.sleep(6)  # spans are sent every five seconds
    assert len(live) > 50 and not [message[:300] for message in live if heard(message, ALL)]
    assert await look_everywhere(suite, world, found, collector) == {}
    await listener.close()


async def test_what_was_erased_opens_no_more_and_the_other_services_are_told_ids_only(suite: Suite, world: World) -> None:
    opinion = await world.submit(contact={"name": name("opinion"), "phone": phone("opinion")})
    headers = {"X-Lookup-Code": opinion["lookup_code"]}
    kept = "SELECT count(*) FROM contact c JOIN opinion o ON o.id = c.opinion_id WHERE o.number = '{}'"
    assert (await suite.query("intake", kept.format(opinion["number"])))[0][0] == 1
    done = await world.client.post("/api/intake/public/erasures", json={"number": opinion["number"]}, headers=headers)
    assert done.status_code == 200, done.text
    assert (await suite.query("intake", kept.format(opinion["number"])))[0][0] == 0
    await world.still()
    backends = Backends(suite.settings, list(SERVICES))
    client = await nats.connect(backends.bus.url, nkeys_seed_str=backends.seed("operator"))
    told = [content async for where, content in canaries.messages(client) if "intake.matter_erased.v1" in where]
    await client.close()
    assert len(told) == 1 and opinion["number"].encode() not in told[0]
    await notify_knows(suite, json.loads(told[0].rpartition(b"\n")[2])["matter_id"], forgotten=True)
    counted = await asyncio.to_thread(lianxin, suite, "purge", "--dry-run")
    assert counted.returncode == 0 and "opinion_closed" in counted.stdout, counted.stdout + counted.stderr


async def sent(suite: Suite) -> str:
    """The number and the lookup code of an opinion with contact data."""
    async with httpx.AsyncClient(base_url=suite.url, timeout=60) as client:
        world = World(suite, client)
        opinion = await world.submit(contact={"name": name("opinion"), "phone": phone("opinion")})
        await world.still()
        return f"{opinion['number']} {opinion['lookup_code']}"


async def erase(suite: Suite, slip: str) -> None:
    number, code = slip.split()
    async with httpx.AsyncClient(base_url=suite.url, timeout=60) as client:
        done = await client.post("/api/intake/public/erasures", json={"number": number}, headers={"X-Lookup-Code": code})
        assert done.status_code == 200, done.text
        await World(suite, client).still()


def test_a_restored_backup_does_not_bring_back_what_was_erased_since(suite: Suite) -> None:
    place = suite.data.with_name(f"{suite.data.name}-backups")
    slip = asyncio.run(sent(suite))
    kept = (
        "SELECT (SELECT count(*) FROM contact) AS contacts, (SELECT count(*) FROM contact c JOIN opinion o ON o.id = c.opinion_id "
        f"WHERE o.number = '{slip.split()[0]}') AS mine"
    )
    try:
        folder, _ = backed_up(suite, place)
        asyncio.run(erase(suite, slip))
        listed = lianxin(suite, "erasures", "list")
        assert listed.returncode == 0 and listed.stdout.count("\n") >= 1, listed.stderr
        apart = Path(f"{place}-erasures.jsonl")
        apart.write_text(listed.stdout, "utf-8")
        suite.stop()
        # Each time another one knows what was erased: the broker, the file of the first restore, the database, the list kept apart.
        for lost in ("databases", "databases again", "nothing", "everything"):
            if lost != "nothing":
                shutil.rmtree(suite.data / "postgres")
            if lost == "everything":
                shutil.rmtree(suite.data / "nats")
            if lost in ("nothing", "everything"):
                for file in suite.data.glob("erasures-*.jsonl"):
                    file.unlink()
            done = restore(suite.settings, folder, replace=True, erased=apart if lost == "everything" else None)
            [row] = on_servers(suite, lambda: suite.query("intake", kept))
            assert row.mine == 0 and row.contacts > 0 and done.erased_again, lost
    finally:
        shutil.rmtree(place, ignore_errors=True)
        Path(f"{place}-erasures.jsonl").unlink(missing_ok=True)
