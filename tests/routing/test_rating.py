"""Ratings close a case, open its next round with everything kept, or have no effect and say why."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text

from shared.events.routing import AssignmentMade, CaseClosed, CaseReopened, RatingNotCounted
from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY, ago, answering, ok, refused


@pytest.mark.parametrize("level", ["satisfied", "basically_satisfied"])
async def test_a_good_rating_closes_the_case(routing, level):
    await routing.handled("a")
    case = await routing.rate("a", 1, level)
    assert (case["status"], case["version"], case["ratings"][0]["level"], case["marks"]) == ("closed", 5, level, [])
    (closed,) = await routing.told(CaseClosed)
    assert (closed.department, closed.level, closed.case_version) == ("housing", level, 5)
    refused(await routing.act("a", "reply", 5, REPLY), 409, "CaseAlreadyClosed")


async def test_not_satisfied_opens_the_next_round_and_keeps_the_old_reply(routing):
    before = await routing.handled("a")
    case = await routing.rate("a", 1, "dissatisfied")
    assert (case["status"], case["round"], case["version"], case["department"]) == ("assigned", 2, 5, "housing")
    assert case["replies"] == before["replies"]
    assert case["reply_due_at"] > before["reply_due_at"]
    assert [(m["round"], m["reason"]) for m in case["marks"]] == [(2, "not_satisfied")]
    (reopened,) = await routing.told(CaseReopened)
    assert (reopened.round, reopened.department, reopened.case_version) == (2, "housing", 5)
    assert [(m.organisation, m.round) for m in await routing.told(AssignmentMade)] == [("housing", 1), ("housing", 2)]
    case = ok(await routing.act("a", "accept", 5))
    case = ok(await routing.act("a", "reply", 6, answering(routing.service.database.policy, "B")))
    assert [(r["round"], r["class"]) for r in case["replies"]] == [(1, "A"), (2, "B")]
    case = await routing.rate("a", 2, "satisfied")
    assert (case["status"], [h["version"] for h in case["history"]]) == ("closed", list(range(1, 9)))


async def test_the_co_handlers_are_in_the_next_round_too(routing):
    await routing.opened("a", None)
    ok(await routing.act("a", "assign", 1, {"lead": "housing", "co_handlers": ["ecology"]}))
    ok(await routing.act("a", "accept", 2))
    await routing.opined("a", "ecology")
    ok(await routing.act("a", "reply", 3, REPLY))
    case = await routing.rate("a", 1, "dissatisfied")
    assert case["co_handlers"] == ["ecology"]
    again = [m for m in await routing.told(AssignmentMade) if m.round == 2]
    assert sorted((m.organisation, m.part) for m in again) == [("ecology", "co_handler"), ("housing", "lead")]
    async with routing.service.tx() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM part WHERE current"))).scalar_one() == 2


@pytest.mark.parametrize(
    ("until", "first", "rated_round", "reason"),
    [
        ("accepted", None, 1, "not_replied"),
        ("replied", None, 2, "not_replied"),
        ("replied", "dissatisfied", 1, "stale_round"),
        ("replied", "satisfied", 1, "already_rated"),
        ("replied", "satisfied", 2, "closed"),
    ],
)
async def test_a_rating_out_of_turn_has_no_effect_and_says_why(routing, until, first, rated_round, reason):
    await routing.handled("a", until=until)
    if first:
        await routing.rate("a", 1, first)
    before = await routing.service.rows()
    await routing.rate("a", rated_round, "basically_satisfied")
    assert await routing.service.rows() == before
    (told,) = await routing.told(RatingNotCounted)
    assert (told.reason, told.rated_round) == (reason, rated_round)


async def test_a_rating_that_comes_before_its_case_waits_for_it(routing):
    await routing.service.deliver(golden.rating(1, "a", 1, "satisfied"))
    assert await routing.told(RatingNotCounted) == []
    await routing.service.deliver(golden.opinion(0, "a"))
    (told,) = await routing.told(RatingNotCounted)
    assert told.reason == "not_replied"


async def test_a_rating_delivered_twice_counts_once(routing):
    await routing.handled("a")
    event = golden.rating(0, "a", 1, "dissatisfied")
    await routing.service.deliver(event, event)
    await routing.service.deliver(event)
    case = await routing.case("a")
    assert (case["round"], case["version"], len(await routing.told(RatingNotCounted))) == (2, 5, 0)


async def test_the_resident_is_never_named_in_the_history(routing):
    await routing.handled("a")
    await routing.rate("a", 1, "dissatisfied")
    history = (await routing.get(f"/cases/{golden.case_id('a')}", kit.token("department"))).json()["history"]
    assert [h["by_role"] for h in history] == ["rule", "rule", "department", "department", "resident"]
    assert all(set(h) == {"version", "action", "from", "to", "round", "by_role", "by_organisation", "note", "at"} for h in history)


async def test_the_next_round_has_its_whole_clock_however_old_the_case_is(routing):
    await routing.handled("a", occurred_at=ago(days=179))
    case = await routing.rate("a", 1, "dissatisfied")
    assert datetime.fromisoformat(case["reply_due_at"]) > ago(days=-27)
