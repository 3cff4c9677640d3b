"""通州: 预交办, and 132 工作法: one-to-one supervision, talked over before, coordinated during, supervised after."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.events.routing_assigning import PreAssignmentAnswered
from shared.events.routing_supervising import KeyCaseFlagged
from shared.workdays import CHINA
from tests.routing import golden
from tests.routing.conftest import Routing, ok, refused
from tests.routing.evaluation.stories import at_place, evaluation, paper, rate, rating
from tests.routing.evaluation.stories import replied as suggestion_replied
from tests.routing.places.procedure import begun, contacted, day, desk, phases, raised, replied, unit
from tests.routing.reports.test_report import report

ONE_LEADER = {"kind": "government_leader", "office": "副区长", "name": "张某"}
ONE_SUPERVISOR = {"kind": "council_member", "office": "区人大常委会副主任"}


async def pre_assigned(routing: Routing, name: str) -> dict[str, Any]:
    """The unit was asked before the hand-over and said that it will; then the legal clock begins."""
    case = await routing.case(name)
    asked = {"lead": "housing", "requirements": "先与提案人沟通"}
    case = ok(await routing.act(name, "pre-assignments", case["version"], asked, desk()))
    assert case["reply_due_at"] is None
    (item,) = ok(await routing.get("/pre-assignments", unit()))["items"]
    ok(await routing.post(f"/pre-assignments/{item['id']}/confirm", None, case["version"], unit()))
    case = ok(await routing.act(name, "hand-over", (await routing.case(name))["version"], None, desk()))
    assert case["reply_due_at"] is not None
    return ok(await routing.act(name, "accept", case["version"], None, unit()))


async def test_a_case_is_pre_assigned_talked_over_coordinated_and_supervised_by_one(running):
    routing = await begun(running, "tongzhou")
    await raised(routing)
    await pre_assigned(routing, "a")
    assert [one.confirmed for one in await routing.told(PreAssignmentAnswered)] == [True]
    council = {"decision_number": "主任会议纪要〔2026〕5号", "decided_on": day(), "ground": "broad_and_hard"}
    two = {**council, "led_by": [ONE_LEADER, ONE_LEADER], "supervised_by": [ONE_SUPERVISOR]}
    path = f"/cases/{golden.case_id('a')}/key"
    assert refused(await routing.post(path, two, 0, desk()), 422, "NotOneToOne")
    ok(await routing.post(path, {**two, "led_by": [ONE_LEADER]}, 0, desk()))
    assert len(await routing.told(KeyCaseFlagged)) == 1
    for phase in ("before", "during"):
        await contacted(routing, "a", phase)
    assert (await phases(routing))["事中协调"] == 1
    await replied(routing)
    await contacted(routing, "a", "after")
    met = ok(await routing.get(f"/cases/{golden.case_id('a')}/contacts", desk()))
    assert [one["label"] for one in met["contacts"]] == ["事前沟通", "事中协调", "事后督办"]
    found = await report(routing.service, desk())
    assert (found["decimals"], found["total"]["classes"]["items"][0]["share"]) == (2, "100.00")


async def test_a_suggestion_is_rated_twice_on_the_net_and_on_paper_and_what_differs_is_reported(running):
    routing = await at_place(running, "tongzhou")
    await suggestion_replied(routing)
    ok(await rate(routing, "a", rating("dissatisfied")))
    assert (await routing.case("a"))["status"] == "replied", "the paper form decides"
    ok(await paper(routing, "a", rating("satisfied")))
    assert (await routing.case("a"))["status"] == "closed"
    (form,) = (await evaluation(routing))["forms"]
    assert [(one["channel"], one["result"]) for one in form["ratings"]] == [("net", "dissatisfied"), ("paper", "satisfied")]
    found = ok(await routing.get("/reports/mismatch", year=datetime.now(CHINA).year))
    assert len(found["items"]) == 1
