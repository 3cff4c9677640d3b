"""The image and deploy/compose.yaml: built here, brought up, used through the gateway, scaled, and a container killed."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from functools import partial

import httpx
import pytest
import pytest_asyncio

from deploy.local.demo_client import Api
from deploy.local.demo_messages import messages
from tests.containers.compose import SERVICES, Compose, build, data_folder, inside, inspect, run
from tests.containers.servers import CHOSEN
from tests.e2e.world import World
from tests.kit import eventually

pytestmark = pytest.mark.skipif(not CHOSEN, reason="needs a container engine: make test-containers")

IMAGE = "lianxin:test"
CHECK = "python -SE deploy/container/healthy.py"


@pytest.fixture(scope="module")
def compose() -> Iterator[Compose]:
    """The suite in containers with the demo place, from an image built of this tree."""
    build(IMAGE)
    suite = Compose("loop", IMAGE, data_folder(), LIANXIN_DEMO_MESSAGES="4")
    try:
        suite.up()
        suite.load_demo()
        yield suite
    finally:
        suite.down()
        shutil.rmtree(suite.data, ignore_errors=True)


@pytest_asyncio.fixture
async def world(compose: Compose) -> AsyncIterator[World]:
    async with httpx.AsyncClient(base_url=compose.url, timeout=20) as client:
        yield World(compose, client)  # type: ignore[arg-type]


async def test_a_message_goes_through_the_loop_by_http(world: World) -> None:
    desk, housing = await world.sign_in("desk"), await world.sign_in("department", "housing")
    opinion = await world.submit(title="一件说不清的事", text="想反映一个情况，请帮忙转给有关部门。")
    case = await world.case(opinion["number"], desk, status="to_assign")
    case = await world.act(case, "assign", {"lead": "housing"}, desk)
    case = await world.act(case, "accept", None, housing)
    case = await world.act(case, "reply", {"class": "A", "text": "已办理完毕。", "signer": "局长"}, housing)

    async def can_rate() -> bool:
        return bool((await world.track(opinion))["can_rate"])

    await eventually(can_rate, within=20)
    assert (await world.rate(opinion, "satisfied")).status_code == 201
    await world.case(opinion["number"], desk, status="closed")
    assert (await world.client.get("/api/notify/inbox", headers=housing)).json()["items"], "the department has heard"


def test_no_container_of_ours_runs_as_root_or_can_write_outside_of_tmp(compose: Compose) -> None:
    for service in SERVICES:
        [container] = compose.containers(service)
        host = inspect(container)["HostConfig"]
        assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and "no-new-privileges:true" in host["SecurityOpt"], service
        assert inside(container, "id -u").stdout.strip() == "10001", service
        assert inside(container, f"touch /app/x /opt/x /var/lib/lianxin/{service}/x").stderr.count("Read-only file system") == 3, service
        assert inside(container, "touch /tmp/x && grep CapEff /proc/1/status").stdout.split() == ["CapEff:", "0" * 16], service


def test_a_service_finds_its_own_secrets_and_nobody_elses(compose: Compose) -> None:
    for service in SERVICES:
        [container] = compose.containers(service)
        found = inside(container, "find /var/lib/lianxin -type f").stdout.split()
        assert found == [f"/var/lib/lianxin/{service}/environment.json"]
        shown = inspect(container)["Config"]["Env"]
        assert not [line for line in shown if any(word in line for word in ("SEED", "MASTER_KEY", "DATABASE_URL"))], (
            "the engine shows it to all"
        )


async def test_scaled_to_three_and_one_container_killed_under_load_nothing_is_lost(compose: Compose, world: World) -> None:
    before = set(compose.query("intake", "SELECT number FROM opinion"))
    async with Api(compose.url) as api, asyncio.TaskGroup() as group:
        load = Load(api, [code["code"] for code in world.demo["codes"]])
        load.add(group, 4)
        await eventually(lambda: load.has(40), within=60)
        await asyncio.to_thread(compose.up, "--no-recreate", "--scale", "intake=3", "--scale", "routing=3")
        intakes, routings = compose.containers("intake"), compose.containers("routing")
        assert (len(intakes), len(routings)) == (3, 3)
        load.add(group, 8)  # new connections go to each replica in turn
        await eventually(lambda: _all_serve(intakes), within=60, what="the gateway reaches all three replicas")
        at = len(load.receipts)
        await asyncio.to_thread(run, "docker", "kill", intakes[0], routings[0])
        await eventually(lambda: load.has(at + 100), within=60, what="the others go on")
        load.over = True
    receipts = [*load.receipts, *before]
    assert len(set(receipts)) == len(receipts), "each intention has a receipt of its own"
    assert Counter(compose.query("intake", "SELECT number FROM opinion")) == Counter(receipts)

    async def cases() -> bool:
        return Counter(await asyncio.to_thread(compose.query, "routing", "SELECT number FROM cases")) == Counter(receipts)

    await eventually(cases, within=90, what="one case for each receipt")
    report = compose.operator("reconcile", check=False)
    assert report.returncode == 0, report.stdout
    print(f"\nreceipts {len(receipts)}, opinions and cases as many; two containers killed; reconcile: {report.stdout.splitlines()[-1]}")


async def test_the_health_check_turns_red_while_the_database_stands_and_green_again(compose: Compose) -> None:
    [database], [container] = compose.containers("postgres"), compose.containers("notify")

    async def red() -> bool:
        return (await asyncio.to_thread(inside, container, CHECK)).returncode == 1

    async def green() -> bool:
        return (await asyncio.to_thread(inside, container, CHECK)).returncode == 0

    assert await green()
    run("docker", "pause", database)
    try:
        await eventually(red, within=30)
    finally:
        run("docker", "unpause", database)
    await eventually(green, within=30)


class Load:
    """Residents who send messages without a pause, each asking again with its key until it has a receipt."""

    def __init__(self, api: Api, codes: list[str]) -> None:
        self.receipts: list[str] = []
        self.over = False
        self._api, self._codes, self._texts, self._sent = api, codes, messages(300), 0

    def add(self, group: asyncio.TaskGroup, number: int) -> None:
        """So many more residents."""
        for _ in range(number):
            group.create_task(self._send())

    async def has(self, number: int) -> bool:
        """Whether so many have their receipt."""
        return len(self.receipts) >= number

    async def _send(self) -> None:
        while not self.over:
            self._sent += 1
            number, message = self._sent, self._texts[self._sent % len(self._texts)]
            body = {"code": self._codes[number % len(self._codes)], "title": message.title, "text": message.text}
            opinion = await self._api.patiently(partial(self._api.post, "/api/intake/opinions", body, key=f"load-{number:06}"))
            self.receipts.append(opinion["number"])


async def _all_serve(containers: list[str]) -> bool:
    logs = [(await asyncio.to_thread(run, "docker", "logs", container)).stdout for container in containers]
    return all('"route":"/opinions","status":201' in log for log in logs)
