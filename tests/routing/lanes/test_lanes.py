"""Instant matters are done without a formal reply; on the fast lane plan, reply and effect each have their day."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest_asyncio
import time_machine

from services.routing.lanes.actions import tell_late
from shared.clock import now
from shared.events.routing import CaseAccepted, CaseOverdue, CaseReplied
from shared.events.routing_assigning import CasePutOnLane, FastLaneStepDone, FastLaneStepLate
from shared.settings import ROOT
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, REPLY, Routing, ok, refused
from tests.routing.test_clock import _sweep as sweep_overdue

DESK, TRANSPORT = kit.token("desk"), kit.token("department", organisation="transport")
TO_HOUSING = {"lead": "housing"}
DAY = datetime(2026, 3, 2, 2, tzinfo=UTC)


async def sweep(routing: Routing) -> int:
    async with routing.service.tx() as tx:
        return await tell_late(tx)


async def fast(routing: Routing, name: str = "a") -> dict[str, Any]:
    await routing.opened(name, None)
    return ok(await routing.act(name, "fast-lane", 1, TO_HOUSING, kit.token("desk")))


def days(lane: dict[str, Any]) -> list[tuple[str, date]]:
    return [(one["step"], datetime.fromisoformat(one["due_at"]).astimezone(CHINA).date()) for one in lane["steps"]]


async def test_plan_reply_and_effect_of_wujin_are_due_on_day_1_7_and_15(routing):
    """Golden number G12."""
    with time_machine.travel(DAY, tick=False):
        lane = await fast(routing)
    assert (lane["lane"], lane["status"]) == ("fast", "assigned")
    assert days(lane) == [("plan", date(2026, 3, 3)), ("reply", date(2026, 3, 9)), ("effect", date(2026, 3, 17))]
    (told,) = await routing.told(CasePutOnLane)
    assert [moment.astimezone(CHINA).day for moment in (told.plan_due_at, told.reply_due_at, told.effect_due_at)] == [3, 9, 17]


async def test_each_step_is_recorded_with_its_evidence_in_its_turn(routing):
    await fast(routing)
    ok(await routing.act("a", "accept", 2))
    plan = {"evidence": "三日内更换灯具，联系 13812345678"}
    refused(await routing.act("a", "reply", 3, REPLY), 409, "PlanMissing")
    refused(await routing.act("a", "fast-lane/effect", 3, plan), 409, "EffectBeforeReply")
    lane = ok(await routing.act("a", "fast-lane/plan", 3, plan))
    assert (lane["version"], lane["steps"][0]["evidence"], lane["steps"][0]["late"]) == (4, plan["evidence"], False)
    refused(await routing.act("a", "fast-lane/plan", 4, plan), 409, "StepAlreadyDone")
    ok(await routing.act("a", "reply", 4, REPLY))
    refused(await routing.act("a", "fast-lane/plan", 5, plan), 409, "PlanAfterReply")
    await routing.rate("a", 1, "satisfied")
    lane = ok(await routing.act("a", "fast-lane/effect", 6, {"evidence": "现场照片三张"}))
    assert [(one["step"], one["done_at"] is not None, one["late"]) for one in lane["steps"]] == [
        ("plan", True, False),
        ("reply", True, False),
        ("effect", True, False),
    ]
    done = await routing.told(FastLaneStepDone)
    assert [(one.step, one.on_time, one.department) for one in done] == [("plan", True, "housing"), ("effect", True, "housing")]
    assert "13812345678" not in done[0].evidence
    assert [h["version"] for h in (await routing.case("a"))["history"]] == list(range(1, 8))


async def test_a_step_that_is_late_is_told_once_by_however_many_sweeps(routing):
    for name in ("a", "b"):
        await fast(routing, name)
    ok(await routing.act("b", "fast-lane/plan", 2, {"evidence": "已定"}))
    assert await sweep(routing) == 0
    with time_machine.travel(now() + timedelta(days=2)):
        assert sum(await asyncio.gather(*(sweep(routing) for _ in range(3)))) == 1
    with time_machine.travel(now() + timedelta(days=8)):
        assert await sweep_overdue(routing) == 2
    with time_machine.travel(now() + timedelta(days=16)):
        assert [await sweep(routing), await sweep(routing)] == [2, 0]
    late = await routing.told(FastLaneStepLate)
    assert sorted((one.step, one.number[-1]) for one in late) == [("effect", "A"), ("effect", "B"), ("plan", "A")]
    assert len(await routing.told(CaseOverdue)) == 2


async def test_a_case_handed_over_anew_owes_the_fast_lane_nothing(routing):
    await fast(routing)
    ok(await routing.act("a", "assign", 2, {"lead": "transport"}))
    lane = ok(await routing.get("/cases/" + str(golden.case_id("a")) + "/lane"))
    assert (lane["lane"], lane["steps"]) == ("ordinary", [])
    refused(await routing.act("a", "fast-lane/plan", 3, {"evidence": "x"}, TRANSPORT), 409, "NotOnFastLane")
    with time_machine.travel(now() + timedelta(days=40)):
        assert await sweep(routing) == 2
    assert await routing.told(FastLaneStepLate) == []


async def test_an_instant_matter_is_done_in_one_verb_without_a_signer(routing):
    await routing.opened("a", None)
    with time_machine.travel(DAY, tick=False):
        lane = ok(await routing.act("a", "instant", 1, TO_HOUSING, kit.token("desk")))
    assert datetime.fromisoformat(lane["reply_due_at"]).astimezone(CHINA).date() == date(2026, 3, 5)
    with time_machine.travel(DAY + timedelta(days=1), tick=False):
        lane = ok(await routing.act("a", "done", 2, {"text": "当场已修好，13812345678"}))
    assert (lane["status"], lane["version"], lane["lane"]) == ("replied", 4, "instant")
    (reply,) = (await routing.case("a"))["replies"]
    assert (reply["class"], reply["signer"], reply["on_time"]) == ("A", "", True)
    (accepted,), (replied,) = await routing.told(CaseAccepted), await routing.told(CaseReplied)
    assert (accepted.case_version, replied.case_version, replied.signer, "13812345678" in replied.text) == (3, 4, "", False)
    assert (await routing.rate("a", 1, "satisfied"))["status"] == "closed"


async def test_what_is_formal_is_not_done_in_a_few_words(routing):
    await routing.opened("a")
    refused(await routing.act("a", "done", 2, {"text": "好了"}), 409, "NotAnInstantMatter")
    refused(await routing.act("a", "done", 2, {"text": "好了"}, TRANSPORT), 404, "CaseNotFound")
    ok(await routing.act("a", "instant", 2, TO_HOUSING, DESK))
    refused(await routing.act("a", "done", 2, {"text": "好了"}), 409, "StaleVersion")
    ok(await routing.act("a", "object", 3, {"reason": "不属于本单位"}))
    refused(await routing.act("a", "done", 4, {"text": "好了"}), 409, "CaseUnderObjection")
    ok(await routing.act("a", "assign", 4, TO_HOUSING))
    refused(await routing.act("a", "done", 5, {"text": "好了"}), 409, "NotAnInstantMatter")


async def test_an_instant_matter_handled_again_goes_the_formal_way(routing):
    await routing.opened("a", None)
    ok(await routing.act("a", "instant", 1, TO_HOUSING, DESK))
    ok(await routing.act("a", "done", 2, {"text": "好了"}))
    case = await routing.rate("a", 1, "dissatisfied")
    assert datetime.fromisoformat(case["reply_due_at"]) > now() + timedelta(days=25)
    refused(await routing.act("a", "done", case["version"], {"text": "好了"}), 409, "NotAnInstantMatter")


async def test_instant_matters_are_counted_apart_from_every_formal_share(routing):
    for name in ("a", "b"):
        await routing.opened(name, None)
        ok(await routing.act(name, "instant", 1, TO_HOUSING, DESK))
    ok(await routing.act("a", "done", 2, {"text": "好了"}))
    await routing.handled("formal")
    year = {"year": datetime.now(CHINA).year}
    found = ok(await routing.get("/reports/instant", **year))
    assert {name: found[name] for name in ("received", "done", "withdrawn", "overdue")} == {
        "received": 2,
        "done": 1,
        "withdrawn": 0,
        "overdue": 0,
    }
    assert (found["on_time"]["n"], found["on_time"]["of"]) == (1, 1)
    total = ok(await routing.get("/reports/handling", **year))["total"]
    assert (total["received"], total["classes"]["base"]) == (1, 1)
    assert ok(await routing.get("/reports/classes"))["base"] == 1
    assert ok(await routing.get("/reports/instant", TRANSPORT, **year))["received"] == 0


@pytest_asyncio.fixture
async def national(running):
    """Routing under the national default, which has neither lane."""
    service = await running("routing", profile=ROOT / "deploy" / "profiles" / "national.yaml")
    await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    return Routing(service)


async def test_a_place_without_lanes_refuses_both(national):
    await national.opened("a", None)
    refused(await national.act("a", "instant", 1, TO_HOUSING, DESK), 409, "PlaceHasNoInstantMatters")
    refused(await national.act("a", "fast-lane", 1, TO_HOUSING, DESK), 409, "PlaceHasNoFastLane")
    refused(await national.act("a", "fast-lane", 1, TO_HOUSING), 403, "NotPermitted")
    refused(await national.act("a", "fast-lane/other", 1, {"evidence": "x"}), 422, "InvalidRequest")
