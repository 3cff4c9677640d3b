"""Pre-assignment (预交办): units are asked before the hand-over, confirm or object, and no legal clock runs meanwhile."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
import time_machine

from services.routing.pre_assignments.actions import tell_late
from shared.clock import now
from shared.events.routing import AssignmentMade
from shared.events.routing_assigning import PreAssignmentAnswered, PreAssignmentEnded, PreAssignmentLate, PreAssignmentMade
from shared.settings import ROOT
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, Routing, an_id, ok, refused

HOUSING, TRANSPORT, ECOLOGY = (kit.token("department", organisation=name) for name in ("housing", "transport", "ecology"))
ASKED = {"lead": "housing", "co_handlers": ["ecology"], "requirements": "三个月内修复，先与提案人沟通，电话 13812345678"}


@pytest_asyncio.fixture
async def tongzhou(running):
    """Routing in Tongzhou, which pre-assigns."""
    service = await running("routing", profile=ROOT / "deploy" / "profiles" / "tongzhou.yaml")
    await service.deliver(*(golden.organisation(0, name, occurred_at=LONG_AGO) for name in ("housing", "transport", "ecology")))
    return Routing(service)


async def asked(routing: Routing, name: str = "a", **changes: Any) -> dict[str, Any]:
    case = await routing.opened(name, None)
    return ok(await routing.act(name, "pre-assignments", case["version"], {**ASKED, **changes}, kit.token("desk")))


async def answer(routing: Routing, who: dict[str, str], verb: str, version: int, body: Any = None, index: int = 0) -> Any:
    items = (await routing.get("/pre-assignments", who)).json()["items"]
    path = f"/pre-assignments/{items[index]['id']}/{verb}"
    return await routing.service.client.post(path, json=body, headers={**who, "If-Match": str(version)})


async def test_a_unit_reads_what_it_is_asked_confirms_and_is_handed_the_case_in_one_verb(tongzhou):
    case = await asked(tongzhou)
    assert (case["status"], case["version"], case["reply_due_at"]) == ("to_assign", 2, None)
    made = {event.organisation: event for event in await tongzhou.told(PreAssignmentMade)}
    assert {name: event.part for name, event in made.items()} == {"housing": "lead", "ecology": "co_handler"}
    assert "13812345678" not in made["housing"].requirements
    (item,) = (await tongzhou.get("/pre-assignments", HOUSING)).json()["items"]
    assert (item["state"], item["requirements"], item["text"]) == ("asked", ASKED["requirements"], "小区门口的路灯坏了一个月，请尽快修好。")
    assert (await tongzhou.get("/pre-assignments", TRANSPORT)).json()["items"] == []
    refused(await tongzhou.get(f"/pre-assignments/{item['id']}", TRANSPORT), 404, "PreAssignmentNotFound")
    refused(await tongzhou.get(f"/cases/{case['case_id']}", HOUSING), 404, "CaseNotFound")

    assert ok(await answer(tongzhou, HOUSING, "confirm", 2))["state"] == "confirmed"
    (told,) = await tongzhou.told(PreAssignmentAnswered)
    assert (told.department, told.confirmed, told.reason) == ("housing", True, None)
    case = ok(await tongzhou.act("a", "hand-over", 3, None, kit.token("desk")))
    assert (case["status"], case["department"], case["co_handlers"]) == ("assigned", "housing", ["ecology"])
    assert {one["state"] for one in case["pre_assignments"]} == {"used"}
    assert sorted(event.organisation for event in await tongzhou.told(AssignmentMade)) == ["ecology", "housing"]
    assert await tongzhou.told(PreAssignmentEnded) == []
    history = (await tongzhou.case("a"))["history"]
    assert [(h["version"], h["action"], h["to"]) for h in history] == [
        (1, "open", "to_assign"),
        (2, "pre_assign", "to_assign"),
        (3, "pre_confirm", "to_assign"),
        (4, "assign", "assigned"),
    ]


async def test_the_legal_clock_starts_with_the_hand_over_and_not_before(tongzhou):
    await asked(tongzhou)
    ok(await answer(tongzhou, HOUSING, "confirm", 2))
    with time_machine.travel(now() + timedelta(days=30)):
        case = ok(await tongzhou.act("a", "hand-over", 3, None, kit.token("desk")))
        assert datetime.fromisoformat(case["reply_due_at"]) > now() + timedelta(days=6)


async def test_an_objection_goes_back_to_the_desk_which_asks_others_and_tells_who_is_out(tongzhou):
    await asked(tongzhou)
    body = {"reason": "属交通部门，电话 13812345678"}
    assert ok(await answer(tongzhou, HOUSING, "object", 2, body))["state"] == "objected"
    (told,) = await tongzhou.told(PreAssignmentAnswered)
    assert (told.confirmed, "13812345678" in told.reason) == (False, False)
    problem = refused(await tongzhou.act("a", "hand-over", 3, None, kit.token("desk")), 409, "PreAssignmentNotConfirmed")
    assert problem["open"] == ["housing"]
    again = {**ASKED, "lead": "transport"}
    case = ok(await tongzhou.act("a", "pre-assignments", 3, again, kit.token("desk")))
    assert sorted(event.organisation for event in await tongzhou.told(PreAssignmentEnded)) == ["ecology", "housing"]
    assert [(one["organisation"], one["state"]) for one in case["pre_assignments"][:1]] == [("transport", "asked")]
    refused(await answer(tongzhou, HOUSING, "confirm", 4), 409, "PreAssignmentNotOpen")
    ok(await answer(tongzhou, TRANSPORT, "confirm", 4))
    assert ok(await tongzhou.act("a", "hand-over", 5, None, kit.token("desk")))["department"] == "transport"


async def test_a_co_handler_that_objects_holds_the_hand_over_and_one_that_is_silent_does_not(tongzhou):
    await asked(tongzhou)
    ok(await answer(tongzhou, HOUSING, "confirm", 2))
    ok(await answer(tongzhou, ECOLOGY, "object", 3, {"reason": "与本单位无关"}))
    problem = refused(await tongzhou.act("a", "hand-over", 4, None, kit.token("desk")), 409, "PreAssignmentNotConfirmed")
    assert problem["open"] == ["ecology"]


async def test_the_desk_may_hand_over_directly_and_whoever_gets_no_part_is_told(tongzhou):
    await asked(tongzhou)
    ok(await tongzhou.act("a", "assign", 2, {"lead": "ecology"}))
    assert [event.organisation for event in await tongzhou.told(PreAssignmentEnded)] == ["housing"]
    refused(await answer(tongzhou, HOUSING, "confirm", 3), 409, "PreAssignmentNotOpen")


async def test_who_answers_late_is_told_of_once_by_however_many_sweeps(tongzhou):
    await asked(tongzhou)
    ok(await answer(tongzhou, ECOLOGY, "confirm", 2))

    async def sweep() -> int:
        async with tongzhou.service.tx() as tx:
            return await tell_late(tx)

    assert await sweep() == 0
    with time_machine.travel(now() + timedelta(days=20)):
        assert sum(await asyncio.gather(*(sweep() for _ in range(3)))) == 1
        assert await sweep() == 0
    assert [event.department for event in await tongzhou.told(PreAssignmentLate)] == ["housing"]


async def test_a_matter_taken_back_ends_what_was_asked(tongzhou):
    from services.routing.actions.withdrawing import withdraw

    await asked(tongzhou)
    async with tongzhou.service.tx() as tx:
        await withdraw(tx, golden.opinion_id("a"), now(), "by_sender")
    assert sorted(event.organisation for event in await tongzhou.told(PreAssignmentEnded)) == ["ecology", "housing"]


async def test_what_cannot_be_is_refused_by_name_and_changes_nothing(tongzhou):
    case = await asked(tongzhou)
    desk = kit.token("desk")
    before = await tongzhou.service.rows()
    refused(await tongzhou.act("a", "pre-assignments", 1, ASKED, desk), 409, "StaleVersion")
    refused(await tongzhou.act("a", "pre-assignments", None, ASKED, desk), 428, "VersionMissing")
    refused(await tongzhou.act("a", "pre-assignments", 2, {**ASKED, "lead": "nobody"}, desk), 422, "UnknownOrganisation")
    refused(await tongzhou.act("a", "pre-assignments", 2, {**ASKED, "lead": "ecology"}, desk), 422, "LeadIsCoHandler")
    refused(await tongzhou.act("a", "pre-assignments", 2, ASKED, HOUSING), 403, "NotPermitted")
    refused(await tongzhou.act("a", "pre-assignments", 2, ASKED, kit.token("desk", region="320413")), 404, "CaseNotFound")
    refused(await tongzhou.act("a", "hand-over", 2, None, desk), 409, "PreAssignmentNotConfirmed")
    refused(await tongzhou.act("nothing", "hand-over", 2, None, desk), 404, "CaseNotFound")
    foreign = f"/pre-assignments/{case['pre_assignments'][0]['id']}/confirm"
    refused(await tongzhou.service.client.post(foreign, headers={**TRANSPORT, "If-Match": "2"}), 404, "PreAssignmentNotFound")
    refused(await tongzhou.get(f"/pre-assignments/{an_id()}", HOUSING), 404, "PreAssignmentNotFound")
    assert await tongzhou.service.rows() == before
    ok(await tongzhou.act("a", "assign", 2, {"lead": "housing"}))
    refused(await tongzhou.act("a", "pre-assignments", 3, ASKED, desk), 409, "CaseAlreadyHandedOver")


async def test_a_place_without_pre_assignment_refuses_it(routing):
    await routing.opened("a", None)
    refused(await routing.act("a", "pre-assignments", 1, ASKED, kit.token("desk")), 409, "PlaceDoesNotPreAssign")


async def test_what_is_asked_keeps_the_rule_from_handing_over_by_itself(tongzhou):
    await tongzhou.opened("a", "health")
    ok(await tongzhou.act("a", "pre-assignments", 1, ASKED, kit.token("desk")))
    await tongzhou.service.deliver(golden.organisation(0, "health", occurred_at=LONG_AGO))
    assert (await tongzhou.case("a"))["status"] == "to_assign"


@pytest.mark.parametrize("place", ["tongzhou"])
async def test_a_unit_s_list_is_paged_newest_first(tongzhou, place):
    for name in ("a", "b", "c"):
        await asked(tongzhou, name)
    first = (await tongzhou.get("/pre-assignments", HOUSING, limit=2)).json()
    rest = (await tongzhou.get("/pre-assignments", HOUSING, limit=2, cursor=first["next_cursor"])).json()
    assert [one["number"][-1] for one in first["items"] + rest["items"]] == ["C", "B", "A"]
    assert rest["next_cursor"] is None
