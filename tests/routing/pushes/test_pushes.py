"""Lights turn by the clock of the case, and the lead hears of it: once when yellow, at the deadline, and each week after it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import time_machine

from services.routing.pushes.actions import push
from shared.events.routing_handling import ReplyDueSoon, ReplyPushed
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, REPLY, Routing, ok

MONDAY = datetime(2026, 3, 2, 9, tzinfo=CHINA)
"""Seven working days from here end on 11 March; 80 % of them are over with 10 March, so that the 11th is yellow."""
YELLOW = datetime(2026, 3, 11, tzinfo=CHINA)
DUE = datetime(2026, 3, 12, tzinfo=CHINA)
SECOND = timedelta(seconds=1)


async def _sweep(routing: Routing) -> int:
    async with routing.service.tx() as tx:
        return await push(tx)


async def _at(routing: Routing, moment: datetime) -> int:
    with time_machine.travel(moment, tick=False):
        return await _sweep(routing)


async def _opened(routing: Routing, name: str = "a", at: datetime = MONDAY) -> None:
    await routing.opened(name, occurred_at=at)


async def test_the_lead_hears_once_when_yellow_at_the_deadline_and_each_week_after_it(routing):
    await _opened(routing)
    before = await routing.case("a")
    days = [YELLOW - SECOND, YELLOW + SECOND, DUE - SECOND, DUE + SECOND, DUE + timedelta(days=6), DUE + timedelta(days=7, seconds=1)]
    assert [[await _at(routing, day), await _at(routing, day)] for day in days] == [[0, 0], [1, 0], [0, 0], [1, 0], [0, 0], [1, 0]]
    (soon,) = await routing.told(ReplyDueSoon)
    pushed = await routing.told(ReplyPushed)
    assert (soon.organisation, soon.round, soon.due_at) == ("housing", 1, datetime.fromisoformat(before["reply_due_at"]))
    assert [(p.organisation, p.push) for p in pushed] == [("housing", 1), ("housing", 2)]
    assert (await routing.case("a"))["version"] == before["version"]


async def test_the_light_is_shown_in_the_list_and_the_case(routing):
    await _opened(routing)
    lights = []
    for moment in (YELLOW - SECOND, YELLOW + SECOND, DUE - SECOND, DUE + SECOND):
        with time_machine.travel(moment, tick=False):
            (line,) = ok(await routing.get("/cases"))["items"]
            case = await routing.case("a")
            assert (line["light"], line["overdue"]) == (case["light"], case["overdue"])
            lights.append(line["light"])
            await _sweep(routing)
            assert (await routing.case("a"))["light"] == line["light"], "what was told shows the same light"
    assert lights == ["green", "yellow", "yellow", "red"]


async def test_after_a_week_down_there_is_one_push_with_its_number_and_the_next_is_in_step(routing):
    await _opened(routing)
    assert [await _at(routing, DUE + timedelta(days=30)), await _at(routing, DUE + timedelta(days=30))] == [1, 0]
    assert await routing.told(ReplyDueSoon) == []
    assert [p.push for p in await routing.told(ReplyPushed)] == [5]
    assert [await _at(routing, DUE + timedelta(days=d, seconds=1)) for d in (34, 35)] == [0, 1]
    assert [p.push for p in await routing.told(ReplyPushed)] == [5, 6]


async def test_what_is_replied_to_shows_no_light_and_is_not_pushed_and_its_next_round_is_anew(routing):
    with time_machine.travel(MONDAY, tick=False):
        case = await routing.handled("a")
    assert case["light"] is None
    assert await _at(routing, DUE + timedelta(days=1)) == 0
    with time_machine.travel(DUE + timedelta(days=2), tick=False):
        assert (await routing.rate("a", 1, "dissatisfied"))["status"] == "assigned"
    assert await _at(routing, datetime.now(CHINA) + timedelta(days=365)) == 1
    assert [p.round for p in await routing.told(ReplyPushed)] == [2]


async def test_a_department_given_the_case_anew_has_lights_of_its_own(routing):
    await _opened(routing)
    assert await _at(routing, YELLOW + SECOND) == 1
    with time_machine.travel(YELLOW + SECOND, tick=False):
        case = ok(await routing.act("a", "assign", 2, {"lead": "transport"}))
        assert case["light"] == "green"
    due = datetime.fromisoformat(case["reply_due_at"])
    assert await _at(routing, due - timedelta(hours=1)) == 1
    assert [e.organisation for e in await routing.told(ReplyDueSoon)] == ["housing", "transport"]


async def test_a_case_without_a_department_shows_no_light(routing):
    case = await routing.opened("a", None, occurred_at=MONDAY)
    assert case["light"] is None
    assert await _at(routing, DUE + timedelta(days=99)) == 0


async def test_replicas_tell_of_each_once_and_of_the_longest_waiting_first(running):
    routing = Routing(await running("routing", overdue_batch=4))
    await routing.service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    names = [f"c{n}" for n in (5, 2, 0, 7, 1, 6, 3, 4, 9, 8)]
    await routing.service.deliver(*(golden.opinion(0, name, occurred_at=MONDAY + timedelta(weeks=int(name[1:]))) for name in names))
    with time_machine.travel(MONDAY + timedelta(days=400), tick=False):
        assert await _sweep(routing) == 4
        first = {e.case_id for e in await routing.told(ReplyPushed)}
        assert first == {golden.case_id(f"c{n}") for n in range(4)}
        assert sum(await asyncio.gather(*(_sweep(routing) for _ in range(4)))) == 6
        assert await _sweep(routing) == 0
    told = [e.case_id for e in await routing.told(ReplyPushed)]
    assert sorted(told) == sorted(golden.case_id(name) for name in names)


async def test_a_reply_after_the_deadline_ends_the_pushes(routing):
    await _opened(routing)
    assert await _at(routing, DUE + SECOND) == 1
    with time_machine.travel(DUE + timedelta(days=1), tick=False):
        ok(await routing.act("a", "accept", 2, None, kit.token("department")))
        ok(await routing.act("a", "reply", 3, REPLY, kit.token("department")))
    assert await _at(routing, DUE + timedelta(days=30)) == 0
