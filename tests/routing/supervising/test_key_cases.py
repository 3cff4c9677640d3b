"""Key cases (重点督办建议): made by a decision of the chairpersons' council, with who leads and who supervises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events.intake_opinions import OpinionWithdrawn
from shared.events.routing_supervising import KeyCaseFlagged, KeyCaseUnflagged
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, Routing, made, ok, refused
from tests.routing.reports.test_report import place

LEADER = {"kind": "government_leader", "office": "副区长", "name": "张某"}
HEAD = {"kind": "unit_head", "office": "区住建局局长"}
COUNCIL = {"kind": "council_member", "office": "区人大常委会副主任"}
COMMITTEE = {"kind": "committee", "office": "城建环保工委", "organisation": "urban_committee"}


def decision(**changes: Any) -> dict[str, Any]:
    """A decision of the council that makes a case a key one."""
    told = {"decision_number": "主任会议纪要〔2026〕5号", "decided_on": datetime.now(CHINA).date().isoformat()}
    return {**told, "ground": "broad_and_hard", "led_by": [LEADER], "supervised_by": [COUNCIL], **changes}


async def key(routing: Routing, name: str, version: int = 0, who: dict[str, str] | None = None, **changes: Any) -> Any:
    body = {name_: said for name_, said in decision(**changes).items() if said is not None}
    return await routing.post(f"/cases/{golden.case_id(name)}/key", body, version, who)


async def place_with_committee(running: Any, profile: str, cases: int) -> Routing:
    service = await place(running, profile, "housing", "urban_committee")
    await service.deliver(*(golden.opinion(0, f"k{n}", occurred_at=datetime.now(UTC)) for n in range(cases)))
    return Routing(service)


async def test_a_case_becomes_a_key_one_by_the_councils_decision_with_leader_and_supervisor(routing):
    case = await routing.opened("a")
    found = ok(await key(routing, "a"))
    assert (found["key"], found["version"], found["ground"]) == (True, 1, "broad_and_hard")
    assert [(one["office"], one["name"]) for one in found["led_by"]] == [("副区长", "张某")]
    assert [one["office"] for one in found["supervised_by"]] == ["区人大常委会副主任"]
    assert found["decisions"][0]["decision_number"] == "主任会议纪要〔2026〕5号"
    (told,) = await routing.told(KeyCaseFlagged)
    assert (told.decision_number, told.led_by, told.supervised_by) == (
        found["decision_number"],
        ("government_leader",),
        ("council_member",),
    )
    assert refused(await key(routing, "a", 1), 409, "AlreadyKeyCase")["decision"] == found["decision_number"]
    assert (await routing.case("a"))["version"] == case["version"]


@pytest.mark.parametrize(
    ("changes", "fact", "where"),
    [
        ({"decision_number": None}, "DecisionMissing", "decision_number"),
        ({"decided_on": None}, "DecisionMissing", "decided_on"),
        ({"decided_on": "2099-01-01"}, "DecisionNotYet", "decided_on"),
        ({"ground": "because"}, "UnknownGround", "ground"),
        ({"led_by": [{**LEADER, "kind": "king"}]}, "UnknownKind", "led_by"),
        ({"supervised_by": [LEADER]}, "UnknownKind", "supervised_by"),
        ({"supervised_by": [COMMITTEE]}, "UnknownOrganisation", "supervised_by"),
        ({"led_by": []}, "InvalidRequest", "body.led_by"),
        ({"led_by": [{**LEADER, "phone": "13812345678"}]}, "InvalidRequest", "body.led_by.0.phone"),
    ],
)
async def test_a_flag_that_cannot_be_is_refused_with_the_place_and_nothing_is_saved(routing, changes, fact, where):
    await routing.opened("a")
    before = await routing.service.rows()
    assert refused(await key(routing, "a", **changes), 422, fact)["where"] == where
    assert await routing.service.rows() == before


async def test_a_key_case_ceases_to_be_one_only_by_another_decision_and_both_stay_on_record(routing):
    await routing.opened("a")
    ok(await key(routing, "a"))
    path = f"/cases/{golden.case_id('a')}/unkey"
    body = {"decision_number": "主任会议纪要〔2026〕9号", "decided_on": datetime.now(CHINA).date().isoformat(), "reason": "已办结"}
    refused(await routing.post(path, {"reason": "已办结"}, 1), 422, "DecisionMissing")
    refused(await routing.post(path, body, 0), 409, "StaleVersion")
    found = ok(await routing.post(path, body, 1))
    assert (found["key"], found["led_by"], found["supervised_by"], found["version"]) == (False, [], [], 2)
    assert [(one["action"], one["reason"]) for one in found["decisions"]] == [("flag", "broad_and_hard"), ("unflag", "已办结")]
    assert [one.decision_number for one in await routing.told(KeyCaseUnflagged)] == ["主任会议纪要〔2026〕9号"]
    refused(await routing.post(path, body, 2), 409, "NotKeyCase")
    assert ok(await key(routing, "a", 2))["version"] == 3


async def test_only_the_desk_of_the_region_flags_and_no_withdrawn_case(routing):
    await routing.opened("a")
    for who in (kit.token("leader"), kit.token("department"), kit.token("committee", organisation="urban_committee")):
        refused(await key(routing, "a", who=who), 403, "NotPermitted")
    refused(await key(routing, "a", who=kit.token("desk", region="320412002")), 404, "CaseNotFound")
    refused(await key(routing, "nothing"), 404, "CaseNotFound")
    await routing.service.deliver(OpinionWithdrawn(opinion_id=golden.opinion_id("a"), number="n"))
    refused(await key(routing, "a"), 409, "CaseWasWithdrawn")


async def test_in_132_each_key_case_has_one_leader_and_one_supervisor(running):
    """通州: 132 工作法的“1”, 一对一重点督办."""
    routing = await place_with_committee(running, "tongzhou", 1)
    assert refused(await key(routing, "k0", led_by=[LEADER, HEAD]), 422, "NotOneToOne")["where"] == "led_by"
    assert refused(await key(routing, "k0", supervised_by=[COUNCIL, COMMITTEE]), 422, "NotOneToOne")["where"] == "supervised_by"
    assert ok(await key(routing, "k0"))["key"]


async def test_elsewhere_council_and_committee_supervise_one_key_case_together(running):
    """鄂尔多斯: 主任会议成员牵头督办、相关工作委员会对口督办."""
    routing = await place_with_committee(running, "ordos", 1)
    assert len(ok(await key(routing, "k0", supervised_by=[COUNCIL, COMMITTEE]))["supervised_by"]) == 2


async def test_the_18_key_suggestions_of_tongzhou_are_7_and_11_by_kind_of_leader(running):
    routing = await place_with_committee(running, "tongzhou", 19)
    for n in range(18):
        by_council = {"led_by": [LEADER], "supervised_by": [COUNCIL]}
        by_committee = {"led_by": [HEAD], "supervised_by": [COMMITTEE]}
        ok(await key(routing, f"k{n}", **(by_council if n < 7 else by_committee)))
    counts = ok(await routing.get("/key-cases/counts", year=datetime.now(CHINA).year))
    assert counts["base"] == 18
    assert [(one["code"], one["count"]) for one in counts["led_by"]] == [("government_leader", 7), ("unit_head", 11)]
    assert [(one["code"], one["count"]) for one in counts["supervised_by"]] == [("council_member", 7), ("committee", 11)]
    assert ok(await routing.get("/key-cases/counts", year=datetime.now(CHINA).year - 1))["base"] == 0


async def test_the_23_key_suggestions_of_wujin_are_listed_in_pages_with_their_follow_ups(running):
    service = await place(running, "wujin", "housing")
    cases = [golden.opinion(0, f"k{n}", occurred_at=LONG_AGO + timedelta(days=n)) for n in range(23)]
    await service.deliver(*cases)
    routing = Routing(service)
    for n in range(23):
        ok(await key(routing, f"k{n}"))
    made(await routing.post(f"/cases/{golden.case_id('k3')}/notes", {"kind": "follow_up", "text": "已开工"}))
    found, cursor = [], None
    while True:
        page = ok(await routing.get("/key-cases", limit=10, **({"cursor": cursor} if cursor else {})))
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len({one["case_id"] for one in found}) == len(found) == 23
    assert {one["case_id"]: one["notes"] for one in found}[str(golden.case_id("k3"))] == 1
    assert sum(one["notes"] for one in found) == 1
    assert ok(await routing.get("/key-cases", kit.token("desk", region="320412002")))["items"] == []
    refused(await routing.get("/key-cases", kit.token("department")), 403, "NotPermitted")
