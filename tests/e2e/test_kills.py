"""Killed at every crash point while messages go through the loop, no service loses or doubles anything. At random: `make chaos`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from deploy.local.demo import Memory
from deploy.local.demo_client import Api
from deploy.local.demo_loop import Loop, Plan
from deploy.local.demo_messages import messages
from deploy.reconcile import Sources, reconcile
from shared import crash
from tests.e2e.conftest import load_demo
from tests.e2e.suite import Suite, folder_of_marks
from tests.kit import eventually

SERVICES = ("directory", "intake", "routing", "supervision", "scoring", "notify")
CONSUMERS_ONLY = {"scoring", "notify"}
"""Once the place is loaded these answer no writing request: the points around an answer are not passed there."""


@pytest.fixture
def suite() -> Iterator[Suite]:
    """A suite of this test's own, restarted quickly when a service dies."""
    suite = Suite("kills", **QUICK)
    try:
        yield suite
    finally:
        suite.remove()


QUICK = {"LIANXIN_RESTART_LONGEST": "0.5", "LIANXIN_ACK_WAIT": "2", "LIANXIN_RELAY_LEASE": "2"}
"""A message of a killed consumer waits `ack_wait`, the rows of a killed relay its lease; the unlucky ones several times over."""


def points() -> list[str]:
    """Every point that the services pass while messages go through the loop."""
    wanted = []
    for service in SERVICES:
        for point in crash.POINTS:
            if not (point == "before_answer" and service in CONSUMERS_ONLY):
                wanted.append(f"{service}:{point}")
    return wanted


def test_a_kill_at_every_crash_point_of_every_service_loses_and_doubles_nothing(suite: Suite) -> None:
    marks = folder_of_marks(suite)
    wanted = [p for p in points() if not p.startswith("directory:")]
    spent = [marks / point.replace(":", "-") for point in wanted]
    for mark in spent:
        mark.touch()
    suite.add_environment(LIANXIN_CRASH_AT=",".join(wanted), LIANXIN_CRASH_MARKS=str(marks))
    suite.start()
    load_demo(suite, 2)
    # The place is loaded in peace: not every step of that is tried again. Without their marks the points kill.
    for mark in spent:
        mark.unlink()
    asyncio.run(_a_project(suite))
    asyncio.run(_messages_through(suite, range(2, 18)))
    passed = {path.name.replace("-", ":") for path in marks.iterdir()}
    assert passed == set(wanted), f"never passed: {sorted(set(wanted) - passed)}"


async def _a_project(suite: Suite) -> None:
    """Something that supervision itself decides: the loop of messages only lets it listen."""
    memory = Memory(suite.data / "demo.json")
    plan = {"initiation": "2026-01-05", "approval": "2026-03-05", "construction": "2027-03-05", "acceptance": "2027-06-05"}
    body = {"name": "滨河步道", "board": "livelihood", "owner": "housing", "region": "320412", "stages": plan}
    async with Api(suite.url) as api:
        desk = await api.sign_in(memory.of_role("desk")[0])
        for number in range(3):
            post = partial(api.post, "/api/supervision/projects", body, token=desk, key=f"kills-project-{number}")
            await api.patiently(post)
    assert (await suite.query("supervision", "SELECT count(*) AS n FROM project WHERE name = '滨河步道'"))[0].n == 3


async def _messages_through(suite: Suite, numbers: range, *, check: bool = True) -> None:
    memory = Memory(suite.data / "demo.json")
    todo = messages(numbers.stop)
    async with Api(suite.url) as api:
        desk = await api.sign_in(memory.of_role("desk")[0])
        departments = {a["organisation"]: await api.sign_in(a) for a in memory.of_role("department")}
        loop = Loop(api, Plan(desk, departments, memory.codes))
        waiting = list(numbers)

        async def work() -> None:
            while waiting:
                number = waiting.pop()
                await loop.through(number, todo[number])

        await asyncio.gather(*(work() for _ in range(4)))
        assert loop.counts["received"] == len(numbers)
    if check:
        await _check(suite, numbers.stop)


async def _check(suite: Suite, number: int) -> None:
    """I1, I2, I3 and I9 of the fault table, over business tables and distinct event ids."""

    async def empty() -> bool:
        rows = [
            (await suite.query(s, "SELECT (SELECT count(*) FROM kit_outbox) + (SELECT count(*) FROM kit_parked) AS n"))[0].n
            for s in SERVICES
        ]
        return not any(rows)

    async def closed() -> bool:
        return {row.status for row in await suite.query("routing", "SELECT DISTINCT status FROM cases")} == {"closed"}

    await eventually(closed, within=60, what="every case closed by its rating")
    await eventually(empty, within=60, what="all outboxes and parkings empty")
    report = await reconcile(Sources.of(suite.settings), grace=timedelta(seconds=5))
    assert report.clean, report.wrong()
    assert not report.dead, "a healthy event became a dead letter"
    assert len(await suite.query("intake", "SELECT number FROM opinion")) == number

    async def lines() -> bool:
        rows = await suite.query(
            "scoring", "SELECT count(*) AS n, count(DISTINCT evidence) AS d FROM ledger_line WHERE item = 'opinion_taken_in'"
        )
        return (rows[0].n, rows[0].d) == (number, number)

    await eventually(lines, within=20, what="one ledger line for each opinion")
    for service in SERVICES:
        assert (await suite.query(service, "SELECT count(*) AS n FROM kit_failure"))[0].n == 0, f"{service} blamed a healthy event"
