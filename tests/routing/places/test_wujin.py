"""武进: 提、交、办、督, with instant matters (即时交办) and the fast lane (即事即提、即办即回)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine

from services.routing.lanes.actions import tell_late
from shared.events.routing import CaseReopened
from tests.routing.conftest import ok
from tests.routing.places.procedure import begun, desk, dissatisfied_then_satisfied, handed_over, phases, raised, replied, unit

DAY = datetime(2026, 3, 2, 2, tzinfo=UTC)


async def test_a_matter_is_raised_handed_over_handled_and_supervised_to_the_second_reply(running):
    routing = await begun(running, "wujin")
    await raised(routing)
    assert await phases(routing) == {"提": 1, "交": 0, "办": 0, "督": 0}
    case = await handed_over(routing)
    assert case["reply_due_at"] is not None and await phases(routing) == {"提": 0, "交": 0, "办": 1, "督": 0}
    await replied(routing)
    await dissatisfied_then_satisfied(routing)
    assert await phases(routing) == {"提": 0, "交": 0, "办": 0, "督": 1}
    assert [one.round for one in await routing.told(CaseReopened)] == [2]


async def test_an_instant_matter_is_handed_over_and_done_without_a_formal_reply(running):
    routing = await begun(running, "wujin")
    case = await raised(routing)
    case = ok(await routing.act("a", "instant", case["version"], {"lead": "housing"}, desk()))
    case = ok(await routing.act("a", "accept", case["version"], None, unit()))
    case = ok(await routing.act("a", "done", case["version"], {"text": "当天已清理。"}, unit()))
    assert (case["lane"], case["status"]) == ("instant", "replied")
    found = ok(await routing.get("/reports/instant", year=datetime.now(UTC).year))
    assert (found["received"], found["done"], found["overdue"]) == (1, 1, 0)


async def test_on_the_fast_lane_plan_reply_and_effect_come_within_a_day_a_week_and_half_a_month(running):
    with time_machine.travel(DAY, tick=False) as clock:
        routing = await begun(running, "wujin")
        await raised(routing)
        case = ok(await routing.act("a", "fast-lane", 1, {"lead": "housing"}, desk()))
        case = ok(await routing.act("a", "accept", case["version"], None, unit()))
        clock.shift(timedelta(hours=20))
        lane = ok(await routing.act("a", "fast-lane/plan", case["version"], {"evidence": "三日内更换灯具"}, unit()))
        clock.shift(timedelta(days=5))
        await replied(routing)
        clock.shift(timedelta(days=8))
        case = await routing.rate("a", 1, "satisfied")
        lane = ok(await routing.act("a", "fast-lane/effect", case["version"], {"evidence": "现场照片三张"}, unit()))
        assert [(one["step"], one["late"]) for one in lane["steps"]] == [("plan", False), ("reply", False), ("effect", False)]
        async with routing.service.tx() as tx:
            assert await tell_late(tx) == 0
