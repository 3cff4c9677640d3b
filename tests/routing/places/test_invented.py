"""A sixth place, invented, made by one YAML file alone, runs on its own rules with no other place's profile there."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import time_machine

from deploy.local.servers import SERVICES
from deploy.policy import check
from shared import profile
from shared.workdays import CHINA
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, Routing, answering, ok, refused
from tests.routing.places.procedure import (
    contacted,
    day,
    desk,
    kept,
    met,
    phases,
    promised_by,
    raised,
    replied,
    step,
    unit,
)
from tests.routing.places.test_tongzhou import ONE_LEADER, ONE_SUPERVISOR, pre_assigned
from tests.routing.reports.test_report import report

HERE = Path(__file__).with_name("yunxi.yaml")
NATIONAL = profile.PROFILES / "national.yaml"


@pytest.fixture
def yunxi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The profile in a folder with what it extends; the folder of the product's profiles is out of sight."""
    for file in (HERE, NATIONAL):
        shutil.copy(file, tmp_path)
    monkeypatch.setattr(profile, "PROFILES", tmp_path)
    return tmp_path / HERE.name


async def begun(running, yunxi: Path) -> Routing:
    service = await running("routing", profile=yunxi)
    await service.deliver(*(golden.organisation(0, name, occurred_at=LONG_AGO) for name in ("housing", "works", "river_office")))
    return Routing(service)


def test_its_profile_holds_together_and_names_only_itself_and_what_it_extends(yunxi):
    assert check.check(yunxi) == []
    assert profile.version_of(yunxi) == "yunxi@3+national@1"
    assert [layer.path.parent for layer in profile.layers(yunxi)] == [yunxi.parent] * 2


@pytest.mark.parametrize("name", SERVICES)
async def test_each_service_begins_under_its_rules(running, yunxi, name):
    service = await running(name, profile=yunxi)
    answer = await service.client.get("/health/live")
    assert answer.status_code == 200
    assert getattr(service.database.policy, "profile_version", "yunxi@3+national@1") == "yunxi@3+national@1"


async def test_a_case_goes_its_way_from_pre_assignment_to_the_second_round(running, yunxi):
    routing = await begun(running, yunxi)
    await raised(routing)
    assert list(await phases(routing)) == ["收", "转", "办", "回", "议"]
    case = await pre_assigned(routing, "a")
    council = {"decision_number": "云溪〔2026〕1号", "decided_on": day(), "ground": "key_work", "supervised_by": [ONE_SUPERVISOR]}
    path = f"/cases/{golden.case_id('a')}/key"
    refused(await routing.post(path, {**council, "led_by": [ONE_LEADER, ONE_LEADER]}, 0, desk()), 422, "NotOneToOne")
    ok(await routing.post(path, {**council, "led_by": [ONE_LEADER]}, 0, desk()))
    body = answering(routing.service.database.policy, "J")
    problem = refused(await routing.act("a", "reply", case["version"], body, unit()), 409, "MeetingsMissing")
    assert problem["missing"] == ["before", "during"]
    for phase in ("before", "during"):
        await contacted(routing, "a", phase)
    refused(await routing.act("a", "reply", case["version"] + 2, {**body, "class": "A"}, unit()), 422, "UnknownResultClass")
    await replied(routing, code="Z")
    case = await routing.rate("a", 1, "dissatisfied")
    assert (case["status"], case["round"]) == ("assigned", 2)
    ok(await routing.act("a", "accept", case["version"], None, unit()))
    for phase in ("before", "during"):
        await contacted(routing, "a", phase)
    await replied(routing, code="J")
    assert (await routing.rate("a", 2, "satisfied"))["status"] == "closed"
    assert (await phases(routing))["议"] == 1
    found = await report(routing.service, desk())
    assert found["decimals"] == 3
    assert [(one["code"], one["share"]) for one in found["total"]["classes"]["items"]] == [
        ("J", "100.000"),
        ("Z", "0.000"),
        ("W", "0.000"),
        ("S", "0.000"),
    ]


async def test_its_own_offices_get_what_its_rules_hand_over_by_its_own_clock(running, yunxi):
    with time_machine.travel(datetime(2026, 3, 2, 2, tzinfo=UTC), tick=False):
        routing = await begun(running, yunxi)
        case = await routing.opened("pipe", "environment")
        assert (case["status"], case["department"]) == ("assigned", "river_office")
        assert datetime.fromisoformat(case["reply_due_at"]).astimezone(CHINA).date() == date(2026, 3, 6)
        assert (await routing.opened("road", "transport"))["status"] == "to_assign"
        await raised(routing, "quick")
        lane = ok(await routing.act("quick", "fast-lane", 1, {"lead": "works"}, desk()))
    due = [datetime.fromisoformat(one["due_at"]).astimezone(CHINA).date().day for one in lane["steps"]]
    assert due == [4, 7, 12]


async def test_its_riverside_meeting_has_its_parts_its_show_of_hands_and_promises(running, yunxi):
    routing = await begun(running, yunxi)
    await raised(routing)
    ok(await routing.act("a", "assign", 1, {"lead": "housing"}, desk()))
    meeting = await met(routing, "riverside", "a")
    assert [part["label"] for part in meeting["parts"]] == ["现场走看", "举手测评"]
    meeting = ok(await step(routing, meeting, "parts/walk"))
    promise = {"case_id": str(golden.case_id("a")), "organisation": "housing", "promised": "清淤", "promised_by": day(20)}
    meeting = ok(await step(routing, meeting, "promises", promise))
    refused(await step(routing, meeting, "hold", {"minutes": "m"}), 409, "PartsOpen")
    meeting = ok(await step(routing, meeting, f"cases/{golden.case_id('a')}/votes", {"votes": {"satisfied": 9}}))
    ok(await step(routing, meeting, "hold", {"minutes": "m"}))
    await kept(routing, await promised_by(routing))
