"""An objection that the desk does not follow, and one on which it does not decide."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import time_machine

from services.routing.objections.actions import mark_undecided
from shared.events.routing_handling import CaseUpheld, HandOverUpheld, ObjectionUndecided
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, Routing, ok, refused

MONDAY = datetime(2026, 3, 2, 9, tzinfo=CHINA)
TRANSPORT = kit.token("department", organisation="transport")
OBJECTION = {"reason": "不属于本单位"}
UPHELD = {"reason": "职责清单第 3 条，联系人 13812345678"}


async def _objected(routing: Routing, name: str = "a") -> dict[str, object]:
    case = await routing.opened(name)
    return ok(await routing.act(name, "object", case["version"], OBJECTION))


async def _uphold(routing: Routing, version: int, name: str = "a", **who: str):
    return await routing.act(name, "uphold", version, UPHELD, kit.token("desk", **who))


async def _sweep(routing: Routing) -> int:
    async with routing.service.tx() as tx:
        return await mark_undecided(tx)


async def test_an_upheld_hand_over_stays_with_the_same_department_whose_clock_has_run_on(routing):
    with time_machine.travel(MONDAY, tick=False):
        before = await _objected(routing)
    with time_machine.travel(MONDAY + timedelta(days=3), tick=False):
        case = ok(await _uphold(routing, 3))
    assert (case["status"], case["department"], case["version"]) == ("assigned", "housing", 4)
    assert case["reply_due_at"] == before["reply_due_at"]
    line = case["history"][-1]
    assert (line["action"], line["from"], line["to"], line["note"]) == ("uphold", "objected", "assigned", UPHELD["reason"])
    (core,), (addressed,) = await routing.told(CaseUpheld), await routing.told(HandOverUpheld)
    assert (core.department, core.case_version, addressed.organisation) == ("housing", 4, "housing")
    assert addressed.reply_due_at == datetime.fromisoformat(case["reply_due_at"])
    assert "13812345678" not in core.reason + addressed.reason
    ok(await routing.act("a", "accept", 4))


async def test_what_was_upheld_cannot_be_objected_to_again_until_it_is_handed_over_anew(routing):
    await _objected(routing)
    ok(await _uphold(routing, 3))
    refused(await routing.act("a", "object", 4, OBJECTION), 409, "ObjectionAlreadyDecided")
    assert (await routing.case("a"))["version"] == 4
    ok(await routing.act("a", "assign", 4, {"lead": "transport"}))
    ok(await routing.act("a", "object", 5, OBJECTION, TRANSPORT))


async def test_only_the_desk_of_its_region_upholds_and_only_what_is_objected_to(routing):
    await routing.opened("a")
    refused(await _uphold(routing, 2), 409, "CaseNotAccepted")
    ok(await routing.act("a", "object", 2, OBJECTION))
    refused(await routing.act("a", "uphold", 3, UPHELD, kit.token("department")), 403, "NotPermitted")
    refused(await _uphold(routing, 3, region="320413"), 404, "CaseNotFound")
    refused(await _uphold(routing, 2), 409, "StaleVersion")
    refused(await routing.act("a", "uphold", 3, {"reason": " "}, kit.token("desk")), 422, "InvalidRequest")


async def test_an_objection_that_nobody_decides_is_told_once_after_the_clock_of_the_desk(routing):
    with time_machine.travel(MONDAY, tick=False):
        await _objected(routing)
    with time_machine.travel(datetime(2026, 3, 9, 23, 59, 59, tzinfo=CHINA), tick=False):
        assert await _sweep(routing) == 0
    with time_machine.travel(datetime(2026, 3, 10, 0, 0, 1, tzinfo=CHINA), tick=False):
        assert [await _sweep(routing), await _sweep(routing)] == [1, 0]
        (told,) = await routing.told(ObjectionUndecided)
        assert (told.department, told.decide_by.astimezone(CHINA).date().isoformat()) == ("housing", "2026-03-09")
        ok(await routing.act("a", "assign", 3, {"lead": "transport"}))
        ok(await routing.act("a", "object", 4, OBJECTION, TRANSPORT))
        assert await _sweep(routing) == 0
    with time_machine.travel(MONDAY + timedelta(days=30), tick=False):
        assert await _sweep(routing) == 1, "another objection has a clock of its own"


async def test_one_decided_in_time_is_never_told(routing):
    with time_machine.travel(MONDAY, tick=False):
        for name in ("upheld", "handed_on"):
            await _objected(routing, name)
        ok(await _uphold(routing, 3, "upheld"))
        ok(await routing.act("handed_on", "assign", 3, {"lead": "transport"}))
    with time_machine.travel(MONDAY + timedelta(days=60), tick=False):
        assert await _sweep(routing) == 0


async def test_three_replicas_tell_of_each_once_and_of_the_longest_undecided_first(running):
    routing = Routing(await running("routing", overdue_batch=2))
    await routing.service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    for day in (4, 1, 3, 0, 2, 5):
        with time_machine.travel(MONDAY + timedelta(days=day), tick=False):
            await _objected(routing, f"day{day}")
    with time_machine.travel(MONDAY + timedelta(days=60), tick=False):
        assert await _sweep(routing) == 2
        assert {e.case_id for e in await routing.told(ObjectionUndecided)} == {golden.case_id("day0"), golden.case_id("day1")}
        assert sum(await asyncio.gather(*(_sweep(routing) for _ in range(3)))) == 4
    told = [e.case_id for e in await routing.told(ObjectionUndecided)]
    assert sorted(told) == sorted(golden.case_id(f"day{n}") for n in range(6))
