"""The desk's and the departments' actions over HTTP: who may, when, and what is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from shared.events.routing import (
    AssignmentMade,
    AssignmentWithdrawn,
    CaseAccepted,
    CaseAssigned,
    CaseObjected,
    CaseReplied,
    CategoryCorrected,
)
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY, ago, an_id, ok, refused

TRANSPORT = kit.token("department", organisation="transport")
CO_HANDLER = kit.token("department", organisation="ecology")


async def test_a_case_goes_from_the_desk_through_the_department_to_its_reply(routing):
    await routing.opened("a", None)
    case = ok(await routing.act("a", "assign", 1, {"lead": "housing", "co_handlers": ["ecology"], "category": "construction"}))
    assert (case["status"], case["department"], case["co_handlers"]) == ("assigned", "housing", ["ecology"])
    assert case["category"] == "construction"
    case = ok(await routing.act("a", "accept", 2))
    await routing.opined("a", "ecology")
    case = ok(await routing.act("a", "reply", 3, REPLY))
    assert (case["status"], case["version"]) == ("replied", 4)
    assert case["replies"][0]["class"] == "A"
    assert case["replies"][0]["on_time"]
    assert [h["version"] for h in case["history"]] == [1, 2, 3, 4]
    who = [(h["by_role"], h["by_organisation"]) for h in case["history"]]
    assert who == [("rule", None), ("desk", "deputies_committee"), ("department", "housing"), ("department", "housing")]
    (corrected,), (assigned,) = await routing.told(CategoryCorrected), await routing.told(CaseAssigned)
    assert (corrected.proposed, corrected.corrected, assigned.by, assigned.co_handlers) == (None, "construction", "desk", ("ecology",))
    made = await routing.told(AssignmentMade)
    assert sorted((m.organisation, m.part) for m in made) == [("ecology", "co_handler"), ("housing", "lead")]
    assert len({m.assignment_id for m in made}) == 2
    (accepted,), (replied,) = await routing.told(CaseAccepted), await routing.told(CaseReplied)
    assert (accepted.case_version, replied.case_version, replied.result_class, replied.counts_as_done) == (3, 4, "A", True)
    assert "13812345678" not in replied.text
    assert "13812345678" in case["replies"][0]["text"]


@pytest.mark.parametrize(
    ("until", "action", "fact"),
    [
        ("opened", "reply", "CaseNotAccepted"),
        ("accepted", "accept", "CaseAlreadyAccepted"),
        ("accepted", "object", "CaseAlreadyAccepted"),
        ("accepted", "assign", "CaseAlreadyAccepted"),
        ("replied", "reply", "CaseAlreadyReplied"),
        ("replied", "assign", "CaseAlreadyReplied"),
    ],
)
async def test_an_action_out_of_turn_is_refused_by_name_and_changes_nothing(routing, until, action, fact):
    case = await (routing.opened("a") if until == "opened" else routing.handled("a", until=until))
    before = await routing.service.rows()
    bodies = {"assign": {"lead": "transport"}, "object": {"reason": "不属于本单位职责"}, "reply": REPLY}
    problem = refused(await routing.act("a", action, case["version"], bodies.get(action)), 409, fact)
    assert (problem["state"], problem["current"]) == (case["status"], case["version"])
    assert case["number"] in problem["detail"]
    assert await routing.service.rows() == before


async def test_an_unassigned_case_belongs_to_no_department(routing):
    await routing.opened("a", None)
    refused(await routing.act("a", "accept", 1), 404, "CaseNotFound")


async def test_a_foreign_department_finds_no_case_whatever_it_tries(routing):
    case = await routing.opened("a")
    path = f"/cases/{case['id']}"
    refused(await routing.get(path, TRANSPORT), 404, "CaseNotFound")
    for action, body in (("accept", None), ("object", {"reason": "x"}), ("reply", REPLY)):
        refused(await routing.act("a", action, 2, body, TRANSPORT), 404, "CaseNotFound")
    assert (await routing.get("/cases", TRANSPORT)).json()["items"] == []
    assert (await routing.get("/cases", TRANSPORT, department="housing")).json()["items"] == []


async def test_a_co_handler_reads_and_does_not_act(routing):
    await routing.opened("a", None)
    case = ok(await routing.act("a", "assign", 1, {"lead": "housing", "co_handlers": ["ecology"]}))
    assert (await routing.get(f"/cases/{case['id']}", CO_HANDLER)).status_code == 200
    assert [c["id"] for c in (await routing.get("/cases", CO_HANDLER)).json()["items"]] == [case["id"]]
    refused(await routing.act("a", "accept", 2, None, CO_HANDLER), 403, "NotTheLead")


async def test_permissions_come_before_everything(routing):
    await routing.opened("a")
    for action, who in (("assign", kit.token("department")), ("assign", kit.token("leader")), ("accept", kit.token("desk"))):
        refused(await routing.act("a", action, 2, {"lead": "housing"} if action == "assign" else None, who), 403, "NotPermitted")
    refused(await routing.get("/cases", kit.token("deputy", deputy_id=an_id())), 403, "NotPermitted")
    assert (await routing.service.client.get("/cases")).json()["code"] == "NotSignedIn"


async def test_a_desk_of_another_region_finds_no_case(routing):
    await routing.opened("a", None, region="320412001")
    other = kit.token("desk", region="320412002")
    refused(await routing.get(f"/cases/{golden.case_id('a')}", other), 404, "CaseNotFound")
    refused(await routing.act("a", "assign", 1, {"lead": "housing"}, other), 404, "CaseNotFound")
    assert (await routing.get("/cases", other)).json()["items"] == []
    assert len((await routing.get("/cases", kit.token("desk", region="320412001"))).json()["items"]) == 1


async def test_a_stale_version_is_refused_with_the_current_one_and_a_missing_one_too(routing):
    await routing.opened("a")
    assert refused(await routing.act("a", "accept", 1), 409, "StaleVersion")["current"] == 2
    refused(await routing.act("a", "accept", None), 428, "VersionMissing")
    ok(await routing.act("a", "accept", 2))


async def test_an_accept_sent_twice_with_one_key_is_done_once(routing):
    await routing.opened("a")
    answers = [await routing.act("a", "accept", 2, **{"Idempotency-Key": "accept-once"}) for _ in range(2)]
    assert [ok(answer)["version"] for answer in answers] == [3, 3]
    assert len(await routing.told(CaseAccepted)) == 1


@pytest.mark.parametrize(
    ("body", "fact", "where"),
    [
        ({"lead": "nobody"}, "UnknownOrganisation", "lead"),
        ({"lead": "closed_down"}, "UnknownOrganisation", "lead"),
        ({"lead": "housing", "co_handlers": ["nobody"]}, "UnknownOrganisation", "co_handlers"),
        ({"lead": "housing", "co_handlers": ["housing"]}, "LeadIsCoHandler", "co_handlers"),
        ({"lead": "housing", "category": "astronomy"}, "UnknownCategory", "category"),
        ({"lead": "Housing!"}, "InvalidRequest", "body.lead"),
        ({"lead": "housing", "and": 1}, "InvalidRequest", "body.and"),
    ],
)
async def test_a_hand_over_that_cannot_be_is_refused_with_the_place(routing, body, fact, where):
    await routing.opened("a", None)
    before = await routing.service.rows()
    assert refused(await routing.act("a", "assign", 1, body), 422, fact)["where"] == where
    assert await routing.service.rows() == before


async def test_a_reply_needs_a_class_of_the_profile_and_a_signer(routing):
    case = await routing.handled("a", until="accepted")
    problem = refused(await routing.act("a", "reply", case["version"], {**REPLY, "class": "D"}), 422, "UnknownResultClass")
    assert (problem["where"], problem["known"]) == ("class", ["A", "B", "C"])
    refused(await routing.act("a", "reply", case["version"], {**REPLY, "signer": "  "}), 422, "InvalidRequest")


async def test_an_objection_goes_back_to_the_desk_which_hands_over_anew(routing):
    await routing.opened("a")
    case = ok(await routing.act("a", "object", 2, {"reason": "属交通部门职责，电话 13812345678"}))
    assert (case["status"], case["department"], case["history"][-1]["note"]) == ("objected", "housing", "属交通部门职责，电话 13812345678")
    (told,) = await routing.told(CaseObjected)
    assert (told.department, "13812345678" in told.reason) == ("housing", False)
    refused(await routing.act("a", "accept", 3), 409, "CaseUnderObjection")
    case = ok(await routing.act("a", "assign", 3, {"lead": "transport", "co_handlers": ["ecology", "ecology"]}))
    assert (case["status"], case["department"], case["co_handlers"]) == ("assigned", "transport", ["ecology"])
    refused(await routing.get(f"/cases/{case['id']}", kit.token("department")), 404, "CaseNotFound")
    ok(await routing.act("a", "accept", 4, None, TRANSPORT))


async def test_who_loses_its_part_to_others_is_told_and_who_keeps_one_is_not(routing):
    await routing.opened("a", None)
    ok(await routing.act("a", "assign", 1, {"lead": "housing", "co_handlers": ["ecology", "transport"]}))
    ok(await routing.act("a", "assign", 2, {"lead": "ecology"}))
    withdrawn = await routing.told(AssignmentWithdrawn)
    assert [(w.organisation, w.round) for w in withdrawn] == [("housing", 1), ("transport", 1)]


async def test_the_same_department_given_a_case_again_gets_another_assignment(routing):
    await routing.opened("a")
    for version, lead in ((2, "transport"), (3, "housing")):
        ok(await routing.act("a", "assign", version, {"lead": lead}))
    made = await routing.told(AssignmentMade)
    assert [m.organisation for m in made] == ["housing", "transport", "housing"]
    assert len({m.assignment_id for m in made}) == 3
    assert [c["version"] for c in (await routing.get("/cases", kit.token("department"))).json()["items"]] == [4]


async def test_after_five_working_days_it_is_too_late_to_object(routing):
    await routing.opened("a", occurred_at=ago(days=12))
    problem = refused(await routing.act("a", "object", 2, {"reason": "不属于本单位"}), 409, "ObjectionTooLate")
    assert "23:59:59+08:00" in problem["until"]
    assert (await routing.case("a"))["status"] == "assigned"


async def test_a_reply_after_the_due_day_is_late_and_one_on_it_is_not(routing):
    for name, days, on_time in (("last_minute", 0, True), ("a_minute_late", 1, False)):
        case = await routing.handled(name, until="accepted")
        due = (await routing.told(CaseAssigned))[-1].reply_due_at.astimezone(CHINA)
        with time_machine.travel(due.replace(hour=23, minute=59, second=30) + timedelta(minutes=days)):
            case = ok(await routing.act(name, "reply", case["version"], REPLY))
        assert case["replies"][0]["on_time"] is on_time


async def test_a_reassignment_starts_the_clock_anew_but_never_beyond_the_longest_time(routing):
    case = await routing.opened("a", occurred_at=ago(days=170))
    first = golden.opinion(0, "a", occurred_at=ago(days=170)).occurred_at
    case = ok(await routing.act("a", "assign", case["version"], {"lead": "transport"}))
    due = case["reply_due_at"][:10]
    with time_machine.travel(first + timedelta(days=400)):
        case = ok(await routing.act("a", "assign", case["version"], {"lead": "housing"}))
    assert due < case["reply_due_at"][:10] <= (first + timedelta(days=185)).date().isoformat()


async def test_malformed_json_and_an_unknown_case_are_plain_refusals(routing):
    await routing.opened("a")
    headers = {**kit.token("desk"), "If-Match": "2", "Content-Type": "application/json"}
    broken = await routing.service.client.post(f"/cases/{golden.case_id('a')}/assign", content=b"{", headers=headers)
    refused(broken, 400, "MalformedJson")
    refused(await routing.get(f"/cases/{an_id()}"), 404, "CaseNotFound")
    refused(await routing.act("nothing", "accept", 1), 404, "CaseNotFound")
