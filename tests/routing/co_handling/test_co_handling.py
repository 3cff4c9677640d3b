"""Co-handlers' opinions (协办意见): owed by a day of their own, waited for until then, asked for again, late once."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import time_machine

from services.routing.clock import late_co_handlers
from shared.events.routing_extending import CoOpinionAskedAgain, CoOpinionCame, CoOpinionFellDue, CoOpinionGiven, CoOpinionLate
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY, Routing, an_id, ok, refused

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
SAID = {"text": "同意，道路部分由我局配合，电话 13812345678", "document": "交函〔2026〕7号"}


def desk() -> dict[str, str]:
    return kit.token("desk")


def unit(organisation: str = "housing") -> dict[str, str]:
    return kit.token("department", organisation=organisation)


async def co_handled(routing: Routing, name: str = "a", *co_handlers: str) -> dict[str, Any]:
    await routing.opened(name, None)
    case = ok(
        await routing.act(name, "assign", 1, {"lead": "housing", "co_handlers": list(co_handlers or ("transport", "ecology"))}, desk())
    )
    return ok(await routing.act(name, "accept", case["version"], None, unit()))


async def give(routing: Routing, organisation: str, name: str = "a", **changes: Any) -> Any:
    return await routing.post(f"/cases/{golden.case_id(name)}/co-opinions", SAID | changes, who=unit(organisation))


async def again(routing: Routing, case: dict[str, Any], assignment: Any, who: dict[str, str] | None = None) -> Any:
    path = f"/cases/{case['id']}/co-opinions/{assignment}/again"
    return await routing.post(path, {"reason": "请写明时限"}, case["version"], who or unit())


async def seen(routing: Routing, who: dict[str, str] | None = None, name: str = "a") -> list[dict[str, Any]]:
    answer = await routing.get(f"/cases/{golden.case_id(name)}/co-opinions", who or unit())
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def swept(routing: Routing) -> int:
    async with routing.service.tx() as tx:
        return await late_co_handlers(tx)


async def test_the_lead_replies_when_each_co_handler_has_answered(routing):
    case = await co_handled(routing)
    before = await routing.service.rows()
    problem = refused(await routing.act("a", "reply", case["version"], REPLY, unit()), 409, "CoHandlersStillToAnswer")
    assert problem["missing"] == ["ecology", "transport"]
    assert "区ecology、区transport" in problem["detail"]
    assert await routing.service.rows() == before
    (mine,) = ok_list(await give(routing, "transport"))
    assert (mine["organisation"], mine["said"][0]["on_time"], "13812345678" in mine["said"][0]["text"]) == ("transport", True, False)
    assert [one.still_to_come for one in await routing.told(CoOpinionCame)] == [1]
    problem = refused(await routing.act("a", "reply", case["version"], REPLY, unit()), 409, "CoHandlersStillToAnswer")
    assert problem["missing"] == ["ecology"]
    ok_list(await give(routing, "ecology"))
    assert [(one.department, one.on_time) for one in await routing.told(CoOpinionGiven)] == [("transport", True), ("ecology", True)]
    assert (await routing.case("a"))["version"] == case["version"]
    assert ok(await routing.act("a", "reply", case["version"], REPLY, unit()))["status"] == "replied"
    assert [one["organisation"] for one in await seen(routing)] == ["ecology", "transport"]


def ok_list(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def test_a_late_co_handler_does_not_block_the_lead_and_is_told_once(routing):
    with time_machine.travel(MONDAY, tick=False):
        case = await co_handled(routing)
        (one, _) = await seen(routing)
        assert datetime.fromisoformat(one["due_at"]).astimezone(CHINA).date() == date(2026, 3, 5)
    with time_machine.travel(datetime(2026, 3, 5, 15, tzinfo=UTC), tick=False):
        assert await swept(routing) == 0
        refused(await routing.act("a", "reply", case["version"], REPLY, unit()), 409, "CoHandlersStillToAnswer")
    with time_machine.travel(datetime(2026, 3, 6, 2, tzinfo=UTC), tick=False):
        assert sorted(await asyncio.gather(swept(routing), swept(routing), swept(routing))) == [0, 0, 2]
        assert sorted(told.department for told in await routing.told(CoOpinionLate)) == ["ecology", "transport"]
        assert {told.organisation for told in await routing.told(CoOpinionFellDue)} == {"ecology", "transport"}
        ok_list(await give(routing, "transport"))
        assert [told.on_time for told in await routing.told(CoOpinionGiven)] == [False]
        assert ok(await routing.act("a", "reply", case["version"], REPLY, unit()))["status"] == "replied"


async def test_a_weak_opinion_is_asked_for_again_and_waited_for_again(routing):
    with time_machine.travel(MONDAY, tick=False):
        case = await co_handled(routing, "a", "transport")
        (owed,) = await seen(routing)
        refused(await again(routing, case, owed["assignment_id"]), 409, "CoOpinionNotGiven")
        ok_list(await give(routing, "transport"))
        refused(await give(routing, "transport"), 409, "CoOpinionAlreadyGiven")
        (owed,) = ok_list(await again(routing, case, owed["assignment_id"]))
        assert (owed["turn"], owed["given_at"], owed["asked_again"]) == (2, None, "请写明时限")
        assert datetime.fromisoformat(owed["due_at"]).astimezone(CHINA).date() == date(2026, 3, 9)
        (told,) = await routing.told(CoOpinionAskedAgain)
        assert (told.organisation, told.turn) == ("transport", 2)
        refused(await routing.act("a", "reply", case["version"], REPLY, unit()), 409, "CoHandlersStillToAnswer")
        ok_list(await give(routing, "transport", text="三月底前完成道路部分"))
        (owed,) = await seen(routing)
        assert [(one["turn"], one["text"][:4]) for one in owed["said"]] == [(1, "同意，道"), (2, "三月底前")]
        ok(await routing.act("a", "reply", case["version"], REPLY, unit()))


async def test_others_are_refused_by_their_fact_and_see_no_more_than_is_theirs(routing):
    case = await co_handled(routing)
    refused(await give(routing, "housing"), 403, "NotACoHandler")
    refused(await give(routing, "closed_down"), 404, "CaseNotFound")
    ok_list(await give(routing, "transport"))
    assert [one["organisation"] for one in await seen(routing, unit("ecology"))] == ["ecology"]
    assert len(await seen(routing, desk())) == 2
    (first, _) = await seen(routing)
    refused(await again(routing, case, first["assignment_id"], unit("transport")), 403, "NotTheLead")
    refused(await again(routing, case, an_id()), 404, "CoOpinionNotFound")
    refused(await routing.get(f"/cases/{case['id']}/co-opinions", unit("closed_down")), 404, "CaseNotFound")
    ok_list(await give(routing, "ecology"))
    ok(await routing.act("a", "reply", case["version"], REPLY, unit()))
    refused(await give(routing, "ecology"), 409, "CaseAlreadyReplied")


async def test_who_lost_the_case_owes_nothing_and_each_round_asks_anew(routing):
    with time_machine.travel(MONDAY, tick=False):
        await routing.opened("a", None)
        ok(await routing.act("a", "assign", 1, {"lead": "housing", "co_handlers": ["transport"]}, desk()))
        ok(await routing.act("a", "assign", 2, {"lead": "housing", "co_handlers": ["ecology"]}, desk()))
        case = ok(await routing.act("a", "accept", 3, None, unit()))
        refused(await give(routing, "transport"), 404, "CaseNotFound")
    with time_machine.travel(datetime(2026, 3, 6, 2, tzinfo=UTC), tick=False):
        await swept(routing)
        assert [told.department for told in await routing.told(CoOpinionLate)] == ["ecology"]
        assert await swept(routing) == 0
        ok(await routing.act("a", "reply", case["version"], REPLY, unit()))
        case = await routing.rate("a", 1, "dissatisfied")
        case = ok(await routing.act("a", "accept", case["version"], None, unit()))
        refused(await routing.act("a", "reply", case["version"], REPLY, unit()), 409, "CoHandlersStillToAnswer")
        assert [(one["organisation"], one["round"], one["current"]) for one in await seen(routing)] == [
            ("ecology", 1, False),
            ("transport", 1, False),
            ("ecology", 2, True),
        ]


async def test_two_co_handlers_that_answer_at_once_both_count(routing):
    case = await co_handled(routing)
    answers = await asyncio.gather(give(routing, "transport"), give(routing, "ecology"), give(routing, "ecology"))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409]
    ok(await routing.act("a", "reply", case["version"], REPLY, unit()))


async def test_on_cases_that_are_handled_together_the_head_s_opinions_count(routing):
    for name in ("a", "b"):
        await routing.opened(name, None)
    ok(await routing.act("a", "join", 1, {"cases": [{"id": str(golden.case_id("b")), "version": 1}]}, desk()))
    version = (await routing.case("a"))["version"]
    case = ok(await routing.act("a", "assign", version, {"lead": "housing", "co_handlers": ["transport"]}, desk()))
    case = ok(await routing.act("a", "accept", case["version"], None, unit()))
    assert await seen(routing, name="b") == []
    ok_list(await give(routing, "transport"))
    ok(await routing.act("a", "reply", case["version"], REPLY, unit()))
    assert (await routing.case("b"))["status"] == "replied"


async def test_an_opinion_that_was_asked_for_again_is_late_anew(routing):
    with time_machine.travel(MONDAY, tick=False):
        case = await co_handled(routing, "a", "transport")
    with time_machine.travel(datetime(2026, 3, 6, 2, tzinfo=UTC), tick=False):
        assert await swept(routing) == 1
        (owed,) = ok_list(await give(routing, "transport"))
        ok_list(await again(routing, case, owed["assignment_id"]))
        assert await swept(routing) == 0
    with time_machine.travel(datetime(2026, 3, 16, 2, tzinfo=UTC), tick=False):
        assert [await swept(routing), await swept(routing)] == [1, 0]
        assert len(await routing.told(CoOpinionLate)) == 2
