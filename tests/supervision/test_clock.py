"""The delay sweep: each planned day that passes is told once."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

import pytest
import time_machine

from services.supervision.projects import actions
from services.supervision.projects.clock import delays
from shared.events.supervision import StageDelayed
from tests.supervision import golden
from tests.supervision.test_api import PLAN, PROJECT, complete, entered

NOON = datetime(2026, 2, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
async def service(running):
    with time_machine.travel(NOON):
        service = await running("supervision")
        await service.deliver(*golden.EVENTS)
        yield service


async def swept(service) -> int:
    async with service.tx() as tx:
        return await delays(tx)


async def delays_told(service) -> list[tuple[str, date]]:
    return [(e.stage, e.planned_on) for e in await service.outbox() if isinstance(e, StageDelayed)]


async def test_a_stage_whose_day_has_passed_is_marked_and_told_once(service, token):
    project = await entered(service, token("desk"))
    assert await swept(service) == 1
    assert await swept(service) == 0
    assert await delays_told(service) == [("initiation", date(2026, 1, 10))]
    shown = (await service.client.get(f"/public/projects/{project['id']}")).json()
    assert (shown["delayed"], shown["stages"][0]["delayed"], shown["stages"][1]["delayed"]) == (True, True, False)
    assert [p["id"] for p in (await service.client.get("/public/projects", params={"delayed": True})).json()["items"]] == [project["id"]]


async def test_the_planned_day_ends_at_midnight_in_china(service, token):
    await entered(service, token("desk"))
    with time_machine.travel(datetime(2026, 3, 10, 15, 59, tzinfo=UTC), tick=False):
        assert await swept(service) == 1
    with time_machine.travel(datetime(2026, 3, 10, 16, 0, tzinfo=UTC), tick=False):
        assert await swept(service) == 1
    assert [stage for stage, _ in await delays_told(service)] == ["initiation", "approval"]


async def test_a_new_planned_day_is_told_again_and_an_old_one_is_not(service, token):
    project = await entered(service, token("desk"))
    path = f"/projects/{project['id']}/stages/initiation/replan"
    await swept(service)
    for version, day in ((2, "2026-01-20"), (4, "2026-01-10")):
        headers = {**token("desk"), "If-Match": str(version)}
        moved = await service.client.post(path, json={"planned_on": day, "reason": "更正"}, headers=headers)
        assert (moved.status_code, moved.json()["delayed"]) == (200, False), moved.text
        assert await swept(service) == 1
    assert [day for _, day in await delays_told(service)] == [date(2026, 1, 10), date(2026, 1, 20)]


async def test_completing_the_late_stage_brings_the_project_up_to_date(service, token):
    project = await entered(service, token("desk"))
    await swept(service)
    done = await complete(service, project, "initiation", token("department", organisation="housing"), version=2, day="2026-01-30")
    assert (done.json()["delayed"], done.json()["stages"][0]["delayed"]) == (False, True)


async def test_replicas_that_sweep_side_by_side_tell_each_delay_once(service, token):
    for number in range(6):
        await service.client.post("/projects", json={**PROJECT, "name": f"项目{number}", "stages": PLAN}, headers=token("desk"))

    async def replica() -> int:
        async with service.tx() as tx:
            return await actions.mark_delays(tx, date(2026, 4, 1), 3)

    done = [await asyncio.gather(*(replica() for _ in range(4))) for _ in range(4)]
    assert sum(map(sum, done)) == 12
    assert len(await delays_told(service)) == 12
