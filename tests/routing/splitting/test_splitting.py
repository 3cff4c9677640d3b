"""A matter that several departments answer (分办): parts with their own numbers and clocks, one answer and one rating for the sender."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.routing.actions.withdrawing import withdraw
from shared.clock import now
from shared.events.routing import AssignmentMade, CaseOpened, CaseReplied, CaseWithdrawn
from shared.events.routing_assigning import CaseSplit
from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY, Routing, ok, refused

DESK, TRANSPORT, ECOLOGY = kit.token("desk"), *(kit.token("department", organisation=name) for name in ("transport", "ecology"))
PARTS = {"parts": [{"lead": "transport", "asked": "道路部分"}, {"lead": "ecology", "asked": "排水部分"}]}


async def split(routing: Routing, name: str = "a") -> dict[str, Any]:
    await routing.opened(name)
    return ok(await routing.act(name, "split", 2, PARTS, DESK))


async def act(routing: Routing, case_id: str, action: str, version: int, who: dict[str, str], body: Any = None) -> Any:
    return await routing.service.client.post(f"/cases/{case_id}/{action}", json=body, headers={**who, "If-Match": str(version)})


async def part_replied(routing: Routing, part: dict[str, Any], who: dict[str, str], text: str, version: int = 2) -> None:
    ok(await act(routing, part["id"], "accept", version, who))
    ok(await act(routing, part["id"], "reply", version + 1, who, {**REPLY, "text": text}))


async def test_each_part_is_a_case_of_its_department_and_the_first_answers_for_all(routing):
    first = await split(routing)
    transport, ecology = first["parts"]
    assert (transport["number"], ecology["number"]) == ("320412-2026-A-2", "320412-2026-A-3")
    assert {part["status"] for part in first["parts"]} == {"assigned"}
    assert datetime.fromisoformat(transport["reply_due_at"]) > now()
    made = {event.organisation: event for event in await routing.told(AssignmentMade)}
    assert made["transport"].text.startswith("道路部分") and set(made) == {"housing", "transport", "ecology"}
    assert [line["number"] for line in (await routing.get("/cases", TRANSPORT)).json()["items"]] == ["320412-2026-A-2"]

    ok(await routing.act("a", "accept", 3))
    problem = refused(await routing.act("a", "reply", 4, REPLY), 409, "PartsNotAnswered")
    assert problem["open"] == ["320412-2026-A-2", "320412-2026-A-3"]
    await part_replied(routing, transport, TRANSPORT, "路面已修补，13900001111")
    await part_replied(routing, ecology, ECOLOGY, "排水已疏通")
    ok(await routing.act("a", "reply", 4, REPLY))
    told = {event.number: event for event in await routing.told(CaseReplied)}
    whole = told["320412-2026-A"]
    assert whole.part_of is None and whole.text.startswith(REPLY["text"][:6])
    assert whole.text.endswith("【区ecology】排水已疏通") and "【区transport】路面已修补" in whole.text and "13900001111" not in whole.text
    assert {event.part_of for number, event in told.items() if number != "320412-2026-A"} == {golden.case_id("a")}
    shown = ok(await routing.get(f"/cases/{golden.case_id('a')}/parts"))
    assert [(part["text"], part["result_class"]) for part in shown["parts"]] == [("路面已修补，13900001111", "A"), ("排水已疏通", "A")]


async def test_one_rating_closes_all_and_dissatisfaction_opens_the_next_round_of_all(routing):
    first = await split(routing)
    ok(await routing.act("a", "accept", 3))
    for part, who in zip(first["parts"], (TRANSPORT, ECOLOGY), strict=True):
        await part_replied(routing, part, who, "好了")
    ok(await routing.act("a", "reply", 4, REPLY))
    case = await routing.rate("a", 1, "dissatisfied")
    parts = ok(await routing.get(f"/cases/{case['id']}/parts"))["parts"]
    assert [(part["status"], part["round"]) for part in parts] == [("assigned", 2)] * 2
    ok(await routing.act("a", "accept", 6))
    refused(await routing.act("a", "reply", 7, REPLY), 409, "PartsNotAnswered")
    for part, who in zip(parts, (TRANSPORT, ECOLOGY), strict=True):
        await part_replied(routing, part, who, "又好了", part["version"])
    ok(await routing.act("a", "reply", 7, REPLY))
    await routing.rate("a", 2, "satisfied")
    parts = ok(await routing.get(f"/cases/{case['id']}/parts"))["parts"]
    assert {part["status"] for part in parts} == {"closed"}
    year = {"year": now().year}
    assert ok(await routing.get("/reports/handling", **year))["total"]["received"] == 1


async def test_a_part_that_objects_is_handed_to_another_and_one_taken_back_keeps_nobody_waiting(routing):
    first = await split(routing)
    transport, ecology = first["parts"]
    ok(await act(routing, transport["id"], "object", 2, TRANSPORT, {"reason": "不是本单位的路"}))
    taken = ok(await act(routing, transport["id"], "take-back", 3, DESK, {"reason": "并回首件"}))
    assert taken["status"] == "withdrawn"
    (told,) = await routing.told(CaseWithdrawn)
    assert (told.reason, told.part_of) == ("taken_back", golden.case_id("a"))
    await part_replied(routing, ecology, ECOLOGY, "排水已疏通")
    refused(await act(routing, ecology["id"], "take-back", 4, DESK, {"reason": "x"}), 409, "CaseAlreadyReplied")
    ok(await routing.act("a", "accept", 3))
    assert ok(await routing.act("a", "reply", 4, REPLY))["status"] == "replied"


async def test_a_matter_taken_back_ends_all_its_parts(routing):
    first = await split(routing)
    async with routing.service.tx() as tx:
        await withdraw(tx, golden.opinion_id("a"), now(), "by_sender")
    parts = ok(await routing.get(f"/cases/{golden.case_id('a')}/parts"))["parts"]
    assert {part["status"] for part in parts} == {"withdrawn"} and len(parts) == len(first["parts"])


async def test_what_cannot_be_split_is_refused_and_changes_nothing(routing):
    first = await split(routing)
    part = first["parts"][0]
    (told,) = await routing.told(CaseSplit)
    assert [str(one) for one in told.parts] == [one["id"] for one in first["parts"]]
    before = await routing.service.rows()
    more = {"parts": [{"lead": "ecology", "asked": "再加一项"}]}
    refused(await routing.act("a", "split", 3, more, DESK), 422, "DepartmentHasPart")
    refused(await routing.act("a", "split", 3, {"parts": [{"lead": "housing", "asked": "x"}]}, DESK), 422, "DepartmentHasPart")
    refused(await routing.act("a", "split", 3, {"parts": [{"lead": "nobody", "asked": "x"}]}, DESK), 422, "UnknownOrganisation")
    refused(await routing.act("a", "split", 3, {"parts": []}, DESK), 422, "InvalidRequest")
    refused(await act(routing, part["id"], "split", 2, DESK, more), 409, "PartCannotBeSplit")
    refused(await routing.act("a", "take-back", 3, {"reason": "x"}, DESK), 409, "NotAPart")
    refused(await routing.act("a", "split", 2, more, DESK), 409, "StaleVersion")
    refused(await routing.act("a", "split", 3, more), 403, "NotPermitted")
    assert await routing.service.rows() == before
    await routing.handled("b", until="accepted")
    refused(await routing.act("b", "split", 3, PARTS, DESK), 409, "CannotSplitNow")


async def test_only_the_first_case_is_told_as_opened_for_the_sender(routing):
    await split(routing)
    assert [event.part_of for event in await routing.told(CaseOpened)] == [None, golden.case_id("a"), golden.case_id("a")]


async def test_a_part_is_found_by_its_number(routing):
    await split(routing, "lamp")
    found = (await routing.get("/cases", q="320412-2026-LAMP-2")).json()["items"]
    assert [(line["department"], line["part_of"]) for line in found] == [("transport", str(golden.case_id("lamp")))]
