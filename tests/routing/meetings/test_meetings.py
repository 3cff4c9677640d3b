"""Meetings on cases: set parts, votes, units that are present, promises on the spot, minutes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.events.intake_opinions import OpinionWithdrawn
from shared.events.routing_supervising import CaseTested, MeetingCalled, MeetingHeld, PromiseMade, UnitCalled
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import Routing, an_id, made, ok, refused
from tests.routing.reports.test_report import place

PARTS = ["unit_report", "committee_comment", "deputies_test"]


def day(days: int = 0) -> str:
    return (datetime.now(CHINA).date() + timedelta(days=days)).isoformat()


async def called(routing: Routing, kind: str, *names: str, **changes: Any) -> dict[str, Any]:
    """A meeting of today on the cases of these names."""
    cases = [str(golden.case_id(name)) for name in names]
    body = {"type": kind, "title": "督办会", "held_on": day(), "cases": cases, "units": ["housing", "transport"], **changes}
    return made(await routing.post("/meetings", body))


async def of(running: Any, profile: str) -> Routing:
    routing = Routing(await place(running, profile, "housing", "transport"))
    await routing.opened("a")
    await routing.opened("b")
    return routing


async def does(routing: Routing, meeting: dict[str, Any], what: str, body: Any = None, version: int | None = None) -> Any:
    return await routing.post(f"/meetings/{meeting['id']}/{what}", body, meeting["version"] if version is None else version)


@pytest.mark.parametrize("kind", ["coordination", "supervision", "livelihood", "talk"])
async def test_each_type_of_meeting_is_called_attended_and_held(routing, kind):
    await routing.opened("a")
    meeting = await called(routing, kind, "a")
    assert (meeting["state"], meeting["parts"], [one["present"] for one in meeting["units"]]) == ("called", [], [None, None])
    assert sorted(one.organisation for one in await routing.told(UnitCalled)) == ["housing", "transport"]
    (told,) = await routing.told(MeetingCalled)
    assert (told.type, told.cases) == (kind, (golden.case_id("a"),))
    meeting = ok(await does(routing, meeting, "present", {"organisations": ["housing"]}))
    assert [(one["organisation"], one["present"]) for one in meeting["units"]] == [("housing", True), ("transport", False)]
    refused(await does(routing, meeting, "present", {"organisations": ["ecology"]}), 422, "UnitNotCalled")
    promise = {"case_id": str(golden.case_id("a")), "organisation": "housing", "promised": "修", "promised_by": day(9)}
    refused(await does(routing, meeting, "promises", promise), 409, "NoPromisesHere")
    refused(await does(routing, meeting, f"cases/{golden.case_id('a')}/votes", {"votes": {"satisfied": 1}}), 409, "NoVotesHere")
    meeting = ok(await does(routing, meeting, "hold", {"minutes": "形成一致意见，联系 13812345678"}))
    assert (meeting["state"], "13812345678" in meeting["minutes"]) == ("held", True)
    (held,) = await routing.told(MeetingHeld)
    assert "13812345678" not in held.minutes and "形成一致意见" in held.minutes
    refused(await does(routing, meeting, "present", {"organisations": []}), 409, "MeetingWasHeld")
    assert [one["id"] for one in ok(await routing.get("/meetings", type=kind, year=datetime.now(CHINA).year))["items"]] == [meeting["id"]]


async def test_the_three_set_parts_of_qidong_are_done_one_by_one_and_the_test_by_counting_votes(running):
    """启东 333: 主办单位PPT专题汇报、督办委室专门点评、参会代表专项测评."""
    routing = await of(running, "qidong")
    meeting = await called(routing, "key_supervision", "a", "b")
    assert [part["code"] for part in meeting["parts"]] == PARTS
    assert meeting["parts"][0]["label"] == "主办单位PPT专题汇报"
    assert refused(await does(routing, meeting, "hold", {"minutes": "m"}), 409, "PartsOpen")["parts"] == PARTS
    meeting = ok(await does(routing, meeting, "parts/unit_report"))
    refused(await does(routing, meeting, "parts/unit_report"), 409, "PartIsDone")
    refused(await does(routing, meeting, "parts/deputies_test"), 409, "PartIsVoted")
    assert refused(await does(routing, meeting, "parts/lunch"), 422, "UnknownPart")["known"] == PARTS
    meeting = ok(await does(routing, meeting, "parts/committee_comment"))
    votes = f"cases/{golden.case_id('a')}/votes"
    refused(await does(routing, meeting, votes, {"votes": {"satisfied": 0}}), 422, "VotesNotValid")
    refused(await does(routing, meeting, votes, {"votes": {"wonderful": 3}}), 422, "VotesNotValid")
    refused(await does(routing, meeting, f"cases/{an_id()}/votes", {"votes": {"satisfied": 3}}), 422, "NotOnAgenda")
    meeting = ok(await does(routing, meeting, votes, {"votes": {"satisfied": 28, "dissatisfied": 2}}))
    refused(await does(routing, meeting, votes, {"votes": {"satisfied": 30}}), 409, "VotesAreCounted")
    assert refused(await does(routing, meeting, "hold", {"minutes": "m"}), 409, "PartsOpen")["parts"] == ["deputies_test"]
    meeting = ok(await does(routing, meeting, f"cases/{golden.case_id('b')}/votes", {"votes": {"basically_satisfied": 30}}))
    assert [part["done"] for part in meeting["parts"]] == [True, True, True]
    assert meeting["agenda"][0]["votes"] == {"satisfied": 28, "basically_satisfied": 0, "dissatisfied": 2}
    tested = (await routing.told(CaseTested))[0]
    assert {one.level: one.votes for one in tested.votes} == meeting["agenda"][0]["votes"]
    assert ok(await does(routing, meeting, "hold", {"minutes": "m"}))["state"] == "held"


async def test_at_a_direct_handling_meeting_a_unit_that_is_present_promises_on_the_spot(running):
    """雪浪 直办会: matters, units present, promises with date, each year."""
    routing = await of(running, "xuelang")
    year = {"year": datetime.now(CHINA).year}
    assert [(one["type"], one["held"]) for one in (await routing.get("/meetings/yearly", **year)).json()] == [("direct", 0)]
    meeting = await called(routing, "direct", "a", "b")
    promise = {"case_id": str(golden.case_id("a")), "organisation": "housing", "promised": "两周内修复", "promised_by": day(14)}
    refused(await does(routing, meeting, "promises", promise), 422, "UnitNotPresent")
    meeting = ok(await does(routing, meeting, "present", {"organisations": ["housing"]}))
    refused(await does(routing, meeting, "promises", promise | {"organisation": "transport"}), 422, "UnitNotPresent")
    refused(await does(routing, meeting, "promises", promise | {"case_id": str(an_id())}), 422, "NotOnAgenda")
    refused(await does(routing, meeting, "promises", promise | {"promised_by": day(0)}), 422, "PromiseNotLater")
    meeting = ok(await does(routing, meeting, "promises", promise))
    assert [(one["department"], one["promised_by"], one["state"]) for one in meeting["promises"]] == [("housing", day(14), "open")]
    (told,) = await routing.told(PromiseMade)
    assert (told.source, told.department, told.opinion_id) == ("meeting", "housing", golden.opinion_id("a"))
    (line,) = ok(await routing.get("/promises", kit.token("department")))["items"]
    assert (line["source"], line["promised"], line["case_id"]) == ("meeting", "两周内修复", str(golden.case_id("a")))
    await routing.service.deliver(OpinionWithdrawn(opinion_id=golden.opinion_id("b"), number="n"))
    refused(await does(routing, meeting, "promises", promise | {"case_id": str(golden.case_id("b"))}), 409, "CaseWasWithdrawn")
    ok(await does(routing, meeting, "hold", {"minutes": "m"}))
    assert [(one["type"], one["held"]) for one in (await routing.get("/meetings/yearly", **year)).json()] == [("direct", 1)]


async def test_a_meeting_that_is_still_to_come_has_no_course_yet(routing):
    await routing.opened("a")
    meeting = await called(routing, "talk", "a", held_on=day(3))
    assert refused(await does(routing, meeting, "hold", {"minutes": "m"}), 409, "MeetingNotYet")["held_on"] == day(3)
    refused(await does(routing, meeting, "hold", {"minutes": "m"}, version=9), 409, "StaleVersion")


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"type": "party"}, "UnknownMeetingType"),
        ({"type": "key_supervision"}, "UnknownMeetingType"),
        ({"cases": [str(an_id())]}, "CasesNotFound"),
        ({"units": ["closed_down"]}, "UnknownOrganisation"),
        ({"units": []}, "InvalidRequest"),
        ({"held_on": "tomorrow"}, "InvalidRequest"),
    ],
)
async def test_a_meeting_that_cannot_be_is_refused_and_nobody_is_called(routing, changes, fact):
    await routing.opened("a")
    body = {"type": "talk", "title": "t", "held_on": day(), "cases": [str(golden.case_id("a"))], "units": ["housing"], **changes}
    refused(await routing.post("/meetings", body), 422, fact)
    assert await routing.told(UnitCalled) == []


async def test_a_unit_reads_the_meetings_it_was_called_to_and_only_the_desk_keeps_them(routing):
    await routing.opened("a")
    meeting = await called(routing, "talk", "a", units=["housing"])
    other = kit.token("department", organisation="transport")
    assert ok(await routing.get(f"/meetings/{meeting['id']}", kit.token("department")))["label"] == "恳谈会"
    refused(await routing.get(f"/meetings/{meeting['id']}", other), 404, "MeetingNotFound")
    assert ok(await routing.get("/meetings", other))["items"] == []
    refused(await routing.get(f"/meetings/{meeting['id']}", kit.token("desk", region="320412002")), 404, "MeetingNotFound")
    for who in (kit.token("department"), kit.token("leader")):
        refused(await routing.post(f"/meetings/{meeting['id']}/hold", {"minutes": "m"}, 1, who), 403, "NotPermitted")
