"""Cases handled together (并案): one handling, separate replies; each keeps its number, clock, version, rating and withdrawal."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from services.routing.actions.withdrawing import withdraw
from shared.clock import now
from shared.events.routing import AssignmentMade, CaseAccepted, CaseAssigned, CaseObjected, CaseReplied
from shared.events.routing_assigning import CaseJoined, CaseSeparated
from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY, Routing, ago, ok, refused

DESK = kit.token("desk")


async def join(routing: Routing, head: str, *others: str, who: dict[str, str] = DESK) -> Any:
    cases = [{"id": str(golden.case_id(name)), "version": (await routing.case(name))["version"]} for name in others]
    version = (await routing.case(head))["version"]
    return await routing.act(head, "join", version, {"cases": cases}, who)


async def taken_back(routing: Routing, name: str) -> None:
    async with routing.service.tx() as tx:
        await withdraw(tx, golden.opinion_id(name), now(), "by_sender")


async def dense(routing: Routing, *names: str) -> None:
    """Versions are strictly +1, and the history replays to the state of each case."""
    for name in names:
        case = await routing.case(name)
        lines = case["history"]
        assert [line["version"] for line in lines] == list(range(1, case["version"] + 1))
        assert all(before["to"] == after["from"] for before, after in pairwise(lines))
        assert lines[-1]["to"] == case["status"]


async def test_what_is_done_with_the_head_is_done_with_each_and_each_gets_its_own_reply_and_rating(routing):
    for name in ("a", "b", "c"):
        await routing.opened(name, None)
    group = ok(await join(routing, "a", "b", "c"))
    assert [(one["number"][-1], one["version"]) for one in group["cases"]] == [("A", 2), ("B", 2), ("C", 2)]
    ok(await routing.act("a", "assign", 2, {"lead": "housing", "co_handlers": ["ecology"], "category": "construction"}))
    ok(await routing.act("a", "accept", 3))
    await routing.opined("a", "ecology")
    ok(await routing.act("a", "reply", 4, REPLY))
    for name in ("a", "b", "c"):
        case = await routing.case(name)
        assert (case["status"], case["version"], case["handled_with"]) == ("replied", 5, None)
        assert [reply["text"] for reply in case["replies"]] == [REPLY["text"]]
    assert [(await routing.case(name))["category"] for name in ("a", "b")] == ["construction", None]
    for kind, many in ((CaseAssigned, 3), (CaseAccepted, 3), (CaseReplied, 3), (AssignmentMade, 6)):
        assert len({event.number for event in await routing.told(kind)}) == 3
        assert len(await routing.told(kind)) == many
    assert (await routing.rate("b", 1, "dissatisfied"))["status"] == "assigned"
    assert (await routing.rate("a", 1, "satisfied"))["status"] == "closed"
    case = ok(await routing.act("b", "accept", 6))
    assert (case["round"], (await routing.case("c"))["status"]) == (2, "replied")
    await dense(routing, "a", "b", "c")


async def test_a_joined_case_refuses_direct_verbs_by_name_and_names_its_head(routing):
    for name in ("a", "b"):
        await routing.opened(name)
    ok(await join(routing, "a", "b"))
    version = (await routing.case("b"))["version"]
    before = await routing.service.rows()
    for action, body in (("accept", None), ("object", {"reason": "x"}), ("reply", REPLY), ("assign", {"lead": "transport"})):
        problem = refused(await routing.act("b", action, version, body), 409, "CaseIsJoined")
        assert (problem["head"], problem["current"]) == (str(golden.case_id("a")), version)
    assert await routing.service.rows() == before


async def test_a_case_is_brought_to_where_the_head_stands_with_its_own_clock(routing):
    await routing.handled("a", until="accepted")
    await routing.opened("b", None)
    await routing.opened("c", "transport", occurred_at=ago(days=3))
    await routing.opened("same", occurred_at=datetime.now(UTC))
    ok(await join(routing, "a", "b", "c", "same"))
    for name, actions in (
        ("b", ["open", "assign", "accept", "join"]),
        ("c", ["open", "assign", "assign", "accept", "join"]),
        ("same", ["open", "assign", "accept", "join"]),
    ):
        case = await routing.case(name)
        assert ([h["action"] for h in case["history"]], case["status"], case["department"]) == (actions, "accepted", "housing")
    assert len(await routing.told(CaseJoined)) == 4
    await dense(routing, "a", "b", "c", "same")


async def test_an_objection_and_the_desk_s_answer_hold_for_all(routing):
    for name in ("a", "b"):
        await routing.opened(name)
    ok(await join(routing, "a", "b"))
    ok(await routing.act("a", "object", 3, {"reason": "属交通部门"}))
    assert [(await routing.case(name))["status"] for name in ("a", "b")] == ["objected", "objected"]
    assert len(await routing.told(CaseObjected)) == 2
    ok(await routing.act("a", "assign", 4, {"lead": "transport"}))
    assert [(await routing.case(name))["department"] for name in ("a", "b")] == ["transport", "transport"]


async def test_one_that_is_taken_out_goes_on_by_itself(routing):
    for name in ("a", "b"):
        await routing.opened(name)
    ok(await join(routing, "a", "b"))
    refused(await routing.act("a", "separate", 3, None, DESK), 409, "NotJoined")
    ok(await routing.act("b", "separate", 3, None, DESK))
    (told,) = await routing.told(CaseSeparated)
    assert (told.number[-1], told.head, told.reason) == ("B", golden.case_id("a"), "by_desk")
    ok(await routing.act("a", "accept", 3))
    assert (await routing.case("b"))["status"] == "assigned"
    ok(await routing.act("b", "accept", 4))
    refused(await routing.act("b", "separate", 5, None, DESK), 409, "NotJoined")


async def test_a_sender_takes_back_its_own_matter_only_and_a_head_leaves_the_others_free(routing):
    for name in ("a", "b", "c"):
        await routing.opened(name)
    ok(await join(routing, "a", "b", "c"))
    await taken_back(routing, "b")
    assert [(await routing.case(name))["status"] for name in ("a", "b", "c")] == ["assigned", "withdrawn", "assigned"]
    await taken_back(routing, "a")
    assert [(await routing.case(name))["handled_with"] for name in ("a", "b", "c")] == [None, None, None]
    (told,) = await routing.told(CaseSeparated)
    assert (told.number[-1], told.reason) == ("C", "head_withdrawn")
    ok(await routing.act("c", "accept", (await routing.case("c"))["version"]))
    await dense(routing, "a", "b", "c")


@pytest.mark.parametrize(
    ("head", "other", "why"),
    [("replied", "opened", "state"), ("opened", "accepted", "state"), ("opened", "replied", "state"), ("unassigned", "opened", "state")],
)
async def test_what_does_not_fit_is_refused_with_the_reason_and_nothing_is_changed(routing, head, other, why):
    for name, until in (("a", head), ("b", other)):
        if until in ("opened", "unassigned"):
            await routing.opened(name, "construction" if until == "opened" else None)
        else:
            await routing.handled(name, until)
    before = await routing.service.rows()
    assert refused(await join(routing, "a", "b"), 409, "CannotJoin")["why"] == why
    assert await routing.service.rows() == before


async def test_groups_lanes_and_strangers_are_refused(routing):
    for name in ("a", "b", "c", "d"):
        await routing.opened(name)
    ok(await join(routing, "a", "b"))
    assert refused(await join(routing, "c", "b"), 409, "CannotJoin")["why"] == "head"
    assert refused(await join(routing, "c", "a"), 409, "CannotJoin")["why"] == "head"
    assert refused(await join(routing, "b", "c"), 409, "CannotJoin")["why"] == "head"
    assert refused(await join(routing, "c", "c"), 409, "CannotJoin")["why"] == "same"
    refused(await routing.act("a", "instant", 3, {"lead": "housing"}, DESK), 409, "CaseHandledTogether")
    ok(await routing.act("d", "instant", 2, {"lead": "housing"}, DESK))
    assert refused(await join(routing, "c", "d"), 409, "CannotJoin")["why"] == "lane"
    refused(await join(routing, "c", "d", who=kit.token("department")), 403, "NotPermitted")
    refused(await join(routing, "c", "d", who=kit.token("desk", region="320413")), 404, "CaseNotFound")
    stale = {"cases": [{"id": str(golden.case_id("d")), "version": 1}]}
    refused(await routing.act("c", "join", 2, stale, DESK), 409, "StaleVersion")
    unknown = {"cases": [{"id": str(golden.case_id("zz")), "version": 1}]}
    refused(await routing.act("c", "join", 2, unknown, DESK), 404, "CaseNotFound")


@pytest.mark.parametrize("seed", range(5))
async def test_any_interleaving_of_the_group_s_verbs_leaves_dense_histories(routing, seed):
    chance = random.Random(seed)
    for name in ("a", "b", "c"):
        await routing.opened(name)
    bodies: dict[str, Any] = {"assign": {"lead": "housing"}, "object": {"reason": "x"}, "reply": REPLY}

    async def once() -> None:
        name = chance.choice("abc")
        action = chance.choice(["join", "separate", "assign", "accept", "object", "reply", "withdraw"])
        if action == "withdraw":
            await taken_back(routing, name)
            return
        if action == "join":
            answer = await join(routing, name, *chance.sample("abc", 1))
        else:
            version = (await routing.case(name))["version"]
            answer = await routing.act(name, action, version, bodies.get(action), DESK if action == "separate" else None)
        assert answer.status_code in (200, 409), answer.text

    for _ in range(4):
        await asyncio.gather(*(once() for _ in range(6)))
    await dense(routing, "a", "b", "c")
