"""Between congress and procuratorate (代表建议与检察建议双向衔接转化): leads out, suggestions in, documents and results in time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from services.routing.clock import overdue_leads
from services.routing.procuratorate import rules
from shared.events.intake_opinions import OpinionWithdrawn
from shared.events.routing_transfers import (
    LeadAccepted,
    LeadConcluded,
    LeadDocumented,
    LeadHandedOver,
    LeadOverdue,
    LeadReceived,
    LeadReturned,
    ProcuratorialSuggestionTied,
)
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import Routing, an_id, made, ok, refused

LEAD = {"field": "ecology", "text": "沿河排污，举报电话 13812345678", "documents": ["建议第 57 号"]}
STEPS: dict[str, dict[str, Any]] = {
    "accept": {"reference": "检民公立〔2026〕8号"},
    "return": {"reason": "不属公益诉讼范围，联系 13812345678"},
    "documents": {"documents": ["检察建议书〔2026〕8号"], "term_ends_on": "2099-01-01"},
    "conclude": {"result": "已整改，联系 13812345678"},
}


def day(days: int) -> str:
    return (datetime.now(CHINA).date() + timedelta(days=days)).isoformat()


async def handed(routing: Routing, name: str = "a") -> dict[str, Any]:
    await routing.opened(name)
    return made(await routing.post(f"/cases/{golden.case_id(name)}/procuratorate", LEAD))


async def goes(routing: Routing, transfer: dict[str, Any], step: str, **changes: Any) -> Any:
    return await routing.post(f"/procuratorate/transfers/{transfer['id']}/{step}", STEPS[step] | changes, transfer["version"])


async def swept(routing: Routing) -> int:
    async with routing.service.tx() as tx:
        return await overdue_leads(tx)


async def test_a_lead_is_handed_over_taken_up_documented_in_ten_days_and_concluded(routing):
    transfer = await handed(routing)
    case = await routing.case("a")
    assert (transfer["state"], transfer["direction"], transfer["documents"]) == ("handed_over", "out", ["建议第 57 号"])
    (to,) = await routing.told(LeadReceived)
    assert (to.organisation, to.field, "13812345678" in to.text) == ("procuratorate", "ecology", False)
    assert len(await routing.told(LeadHandedOver)) == 1
    transfer = ok(await goes(routing, transfer, "accept"))
    due = datetime.fromisoformat(transfer["due_at"]).astimezone(CHINA)
    assert (transfer["state"], due.date().isoformat(), due.strftime("%H:%M:%S")) == ("accepted", day(10), "23:59:59")
    assert (await routing.told(LeadAccepted))[0].documents_due_at == datetime.fromisoformat(transfer["due_at"])
    transfer = ok(await goes(routing, transfer, "documents", term_ends_on=day(60)))
    assert (transfer["state"], transfer["documents_on_time"]) == ("documented", True)
    assert transfer["documents"] == ["建议第 57 号", "检察建议书〔2026〕8号"]
    assert datetime.fromisoformat(transfer["due_at"]).astimezone(CHINA).date().isoformat() == day(70)
    transfer = ok(await goes(routing, transfer, "conclude"))
    assert (transfer["state"], transfer["result_on_time"], transfer["overdue"]) == ("concluded", True, False)
    (told,) = await routing.told(LeadConcluded)
    assert (told.on_time, "13812345678" in told.result) == (True, False)
    assert [one.on_time for one in await routing.told(LeadDocumented)] == [True]
    assert (await routing.case("a"))["version"] == case["version"]


async def test_a_lead_that_was_returned_may_be_handed_over_again_and_one_under_way_may_not(routing):
    transfer = await handed(routing)
    again = f"/cases/{golden.case_id('a')}/procuratorate"
    refused(await routing.post(again, LEAD), 409, "AlreadyHandedOver")
    transfer = ok(await goes(routing, transfer, "return"))
    assert (transfer["state"], transfer["due_at"]) == ("returned", None)
    assert "13812345678" not in (await routing.told(LeadReturned))[0].reason
    made(await routing.post(again, LEAD))
    lines = ok(await routing.get("/procuratorate/transfers", case_id=str(golden.case_id("a"))))["items"]
    assert [one["state"] for one in lines] == ["handed_over", "returned"]


async def test_of_two_who_hand_over_at_once_one_is_refused_by_name(routing):
    await routing.opened("a")
    answers = await asyncio.gather(*(routing.post(f"/cases/{golden.case_id('a')}/procuratorate", LEAD) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"AlreadyHandedOver"}


@pytest.mark.parametrize("state", ["handed_over", "accepted", "returned", "documented", "concluded"])
async def test_each_step_follows_from_the_table_or_is_refused_with_what_may_follow(routing, state):
    transfer = await handed(routing)
    way = {"accepted": ["accept"], "returned": ["return"], "documented": ["accept", "documents"]}
    for step in (way | {"concluded": ["accept", "documents", "conclude"]}).get(state, []):
        transfer = ok(await goes(routing, transfer, step))
    doors = {"accept": "accept", "return": "return", "documents": "document", "conclude": "conclude"}
    allowed = [step for before, step in rules.STEPS if before == state]
    for door, step in doors.items():
        if step not in allowed:
            problem = refused(await goes(routing, transfer, door), 409, "TransferOutOfTurn")
            assert (problem["state"], problem["allowed"], problem["current"]) == (state, allowed, transfer["version"])


async def test_documents_and_result_that_are_late_are_each_told_once_and_marked_so(routing):
    transfer = ok(await goes(routing, await handed(routing), "accept"))
    now = datetime.now(UTC)
    assert await swept(routing) == 0
    with time_machine.travel(now + timedelta(days=12)):
        assert [await swept(routing) for _ in range(2)] == [1, 0]
        assert ok(await routing.get(f"/procuratorate/transfers/{transfer['id']}"))["overdue"]
        transfer = ok(await goes(routing, transfer, "documents", term_ends_on=day(30)))
        assert (transfer["documents_on_time"], await swept(routing)) == (False, 0)
    with time_machine.travel(now + timedelta(days=60)):
        assert [await swept(routing) for _ in range(2)] == [1, 0]
        assert ok(await goes(routing, transfer, "conclude"))["result_on_time"] is False
    assert [one.what for one in await routing.told(LeadOverdue)] == ["documents", "result"]


async def test_a_suggestion_of_the_procuratorate_is_tied_to_a_case_once(routing):
    await routing.opened("a")
    path = f"/cases/{golden.case_id('a')}/procuratorial-suggestions"
    body = {**LEAD, "field": "minors", "reference": "检建〔2026〕3号", "issued_on": day(-3)}
    tied = made(await routing.post(path, body))
    assert (tied["direction"], tied["state"], tied["reference"]) == ("in", "tied", "检建〔2026〕3号")
    assert [one.reference for one in await routing.told(ProcuratorialSuggestionTied)] == ["检建〔2026〕3号"]
    refused(await routing.post(path, body), 409, "AlreadyTied")
    refused(await routing.post(path, body | {"issued_on": day(1), "reference": "x"}), 422, "IssuedInFuture")
    assert [one["id"] for one in ok(await routing.get("/procuratorate/transfers", direction="in"))["items"]] == [tied["id"]]
    refused(await routing.post(f"/procuratorate/transfers/{tied['id']}/accept", STEPS["accept"], 1), 409, "TransferOutOfTurn")
    made(await routing.post(f"/cases/{golden.case_id('a')}/procuratorate", LEAD))  # both ways on one case


async def test_what_cannot_be_handed_over_is_refused_by_name(routing):
    await routing.opened("a")
    path = f"/cases/{golden.case_id('a')}/procuratorate"
    known = refused(await routing.post(path, LEAD | {"field": "parking"}), 422, "UnknownField")["known"]
    assert len(known) == 9  # 孝感: nine fields
    refused(await routing.post(f"/cases/{an_id()}/procuratorate", LEAD), 404, "CaseNotFound")
    refused(await routing.post(path, LEAD, None, kit.token("desk", region="320412002")), 404, "CaseNotFound")
    for who in (kit.token("department"), kit.token("leader")):
        refused(await routing.post(path, LEAD, None, who), 403, "NotPermitted")
    transfer = made(await routing.post(path, LEAD))
    refused(await goes(routing, transfer, "accept", reference=" "), 422, "InvalidRequest")
    refused(await goes(routing, {**transfer, "version": 7}, "accept"), 409, "StaleVersion")
    refused(await goes(routing, {**transfer, "id": an_id()}, "accept"), 404, "TransferNotFound")
    accepted = ok(await goes(routing, transfer, "accept"))
    refused(await goes(routing, accepted, "documents", term_ends_on=day(-1)), 422, "TermNotLater")
    await routing.opened("b")
    await routing.service.deliver(OpinionWithdrawn(opinion_id=golden.opinion_id("b"), number="n"))
    refused(await routing.post(f"/cases/{golden.case_id('b')}/procuratorate", LEAD), 409, "CaseWasWithdrawn")
