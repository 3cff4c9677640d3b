"""Pauses (暂停计时): the desk stops a clock on a ground of the rules; nothing is late meanwhile, and it goes on by itself at the latest."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from services.routing.actions.sweeping import mark_overdue
from services.routing.clock import pauses_over
from services.routing.pushes.actions import push
from shared.events.routing_deadlines import AssignmentDueMoved
from shared.events.routing_extending import CasePaused, CaseResumed
from shared.workdays import CHINA, Clock, Pause, due, official_calendar
from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY, Routing, ok, refused

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
SEASON = {"ground": "season", "note": "冰冻期，电话 13812345678"}


def desk() -> dict[str, str]:
    return kit.token("desk")


def unit() -> dict[str, str]:
    return kit.token("department")


def due_on(case: dict[str, Any]) -> date:
    return datetime.fromisoformat(case["reply_due_at"]).astimezone(CHINA).date()


async def paused(routing: Routing, name: str = "a") -> dict[str, Any]:
    case = await routing.handled(name, until="accepted")
    return ok(await routing.act(name, "pause", case["version"], SEASON, desk()))


async def swept(routing: Routing) -> tuple[int, int, int]:
    async with routing.service.tx() as tx:
        return await mark_overdue(tx), await push(tx), await pauses_over(tx)


async def test_a_pause_moves_the_deadline_by_the_days_it_stood_and_nothing_is_late_meanwhile(routing):
    with time_machine.travel(MONDAY, tick=False):
        case = await paused(routing)
        # It stands to the end of May 1: 6, 7, 8, 9 (a Saturday that is worked), 11, 12 and 13 are its seven working days.
        assert due_on(case) == date(2026, 5, 13)
        (told,) = await routing.told(CasePaused)
        assert (told.ground, told.until.astimezone(CHINA).date()) == ("season", date(2026, 5, 1))
        assert len(await routing.told(AssignmentDueMoved)) == 1
    with time_machine.travel(datetime(2026, 3, 20, 2, tzinfo=UTC), tick=False):
        assert await swept(routing) == (0, 0, 0)
        assert (await routing.get(f"/cases/{golden.case_id('a')}", desk())).json()["light"] == "green"
        case = ok(await routing.act("a", "resume", case["version"], None, desk()))
        plain = due(MONDAY, Clock(n=7, unit="workday"), official_calendar(), pauses=[Pause(MONDAY, datetime.now(UTC))])
        assert due_on(case) == plain.at.date() == date(2026, 3, 30)
        (row,) = (await routing.get(f"/cases/{golden.case_id('a')}/pauses", desk())).json()
        assert (row["ground"], "13812345678" in row["note"], row["resumed_at"] is not None) == ("season", False, True)
    assert [one.because for one in await routing.told(CaseResumed)] == ["desk"]
    with time_machine.travel(datetime(2026, 3, 31, 2, tzinfo=UTC), tick=False):
        assert (await swept(routing))[0] == 1


async def test_a_pause_ends_by_itself_once_however_many_sweeps_and_after_an_outage(routing):
    with time_machine.travel(MONDAY, tick=False):
        case = await paused(routing)
    with time_machine.travel(datetime(2026, 5, 8, 2, tzinfo=UTC), tick=False):

        async def one() -> int:
            async with routing.service.tx() as tx:
                return await pauses_over(tx)

        assert sorted(await asyncio.gather(one(), one(), one())) == [0, 0, 1]
        after = (await routing.get(f"/cases/{golden.case_id('a')}", desk())).json()
        assert (after["version"], due_on(after)) == (case["version"] + 1, due_on(case))
        assert (after["history"][-1]["action"], after["history"][-1]["by_role"]) == ("resume", "clock")
        assert [told.because for told in await routing.told(CaseResumed)] == ["longest"]
        refused(await routing.act("a", "resume", after["version"], None, desk()), 409, "CaseNotPaused")


async def test_a_reply_may_come_during_a_pause_and_ends_it(routing):
    case = await paused(routing)
    case = ok(await routing.act("a", "reply", case["version"], REPLY, unit()))
    assert case["status"] == "replied"
    with time_machine.travel(datetime.now(UTC) + timedelta(days=90)):
        assert await swept(routing) == (0, 0, 0)
    case = await routing.rate("a", 1, "dissatisfied")
    case = ok(await routing.act("a", "accept", case["version"], None, unit()))
    assert ok(await routing.act("a", "pause", case["version"], SEASON, desk()))["round"] == 2


async def test_resumed_after_its_longest_time_but_before_the_sweep_a_pause_has_stood_to_its_longest_end(routing):
    with time_machine.travel(MONDAY, tick=False):
        case = await paused(routing)
    with time_machine.travel(datetime(2026, 5, 8, 2, tzinfo=UTC), tick=False):
        after = ok(await routing.act("a", "resume", case["version"], None, desk()))
    assert due_on(after) == due_on(case) == date(2026, 5, 13)


async def test_a_reply_ends_the_pause_in_its_row_and_the_next_round_leaves_that_row_alone(routing):
    with time_machine.travel(MONDAY, tick=False):
        case = await paused(routing)
    with time_machine.travel(MONDAY + timedelta(days=1), tick=False):
        ok(await routing.act("a", "reply", case["version"], REPLY, unit()))
    ended = await _rows(routing)
    assert [datetime.fromisoformat(one["resumed_at"]) for one in ended] == [MONDAY + timedelta(days=1)]
    case = await routing.rate("a", 1, "dissatisfied")
    case = ok(await routing.act("a", "accept", case["version"], None, unit()))
    case = ok(await routing.act("a", "pause", case["version"], SEASON, desk()))
    ok(await routing.act("a", "resume", case["version"], None, desk()))
    assert next(one for one in await _rows(routing) if one["since"] == ended[0]["since"]) == ended[0]


async def _rows(routing: Routing) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await routing.get(f"/cases/{golden.case_id('a')}/pauses", desk())).json()
    return found


async def test_what_cannot_be_is_refused_by_its_fact_and_nothing_is_kept(routing):
    case = await routing.handled("a", until="accepted")
    version = case["version"]
    before = await routing.service.rows()
    refused(await routing.act("a", "pause", version, {"ground": "lunch"}, desk()), 422, "UnknownPauseGround")
    refused(await routing.act("a", "pause", version, SEASON, unit()), 403, "NotPermitted")
    refused(await routing.act("a", "resume", version, None, desk()), 409, "CaseNotPaused")
    assert await routing.service.rows() == before
    for _ in range(2):
        version = ok(await routing.act("a", "pause", version, SEASON, desk()))["version"]
        refused(await routing.act("a", "pause", version, SEASON, desk()), 409, "CaseAlreadyPaused")
        version = ok(await routing.act("a", "resume", version, None, desk()))["version"]
    assert refused(await routing.act("a", "pause", version, SEASON, desk()), 409, "PausesUsedUp")["times"] == 2


async def test_a_clock_that_has_run_out_cannot_be_stopped(routing):
    with time_machine.travel(MONDAY, tick=False):
        case = await routing.handled("a", until="accepted")
    with time_machine.travel(datetime(2026, 3, 12, 2, tzinfo=UTC), tick=False):
        refused(await routing.act("a", "pause", case["version"], SEASON, desk()), 409, "PauseTooLate")


async def test_an_extension_is_counted_with_the_pauses(routing):
    with time_machine.travel(MONDAY, tick=False):
        case = await paused(routing)
        case = ok(await routing.act("a", "extend", case["version"], {"n": 3, "unit": "workday", "reason": "等"}, unit()))
        case = ok(await routing.act("a", "agree", case["version"], {"agreed_by": "desk"}, desk()))
    with time_machine.travel(MONDAY + timedelta(days=1), tick=False):
        case = ok(await routing.act("a", "resume", case["version"], None, desk()))
    # Seven and three working days from the 2nd, which does not count anyway, and one of the two days that it stood.
    assert due_on(case) == date(2026, 3, 16)


@pytest.mark.parametrize("names", [("a", "b")])
async def test_what_is_handled_together_stands_still_together(routing, names):
    for name in names:
        await routing.opened(name, None)
    ok(await routing.act("a", "assign", 1, {"lead": "housing"}))
    ok(await routing.act("a", "join", 2, {"cases": [{"id": str(golden.case_id("b")), "version": 1}]}, desk()))
    case = await routing.case("a")
    case = ok(await routing.act("a", "accept", case["version"], None, unit()))
    case = ok(await routing.act("a", "pause", case["version"], SEASON, desk()))
    assert due_on(await routing.case("b")) == due_on(case)
    refused(await routing.act("b", "resume", (await routing.case("b"))["version"], None, desk()), 409, "CaseIsJoined")
    ok(await routing.act("a", "resume", case["version"], None, desk()))
    assert due_on(await routing.case("b")) == due_on(await routing.case("a"))
