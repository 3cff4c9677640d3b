"""A late reply is told once a round, however many replicas sweep, and a reply in time never."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import time_machine

from services.routing.actions.sweeping import mark_overdue
from services.routing.clock import sweeps
from shared.clock import now
from shared.events.routing import CaseOverdue
from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY, ago, ok


async def _sweep(routing) -> int:
    async with routing.service.tx() as tx:
        return await mark_overdue(tx)


async def test_three_sweeps_at_once_tell_of_each_late_case_once(routing):
    late = [f"late{n}" for n in range(30)]
    overdue = [golden.opinion(0, name, occurred_at=ago(days=20)) for name in late]
    await routing.service.deliver(*overdue, golden.opinion(0, "fresh", occurred_at=ago()))
    done = await asyncio.gather(*(_sweep(routing) for _ in range(3)))
    assert sum(done) == 30
    assert await _sweep(routing) == 0
    told = await routing.told(CaseOverdue)
    assert sorted(e.case_id for e in told) == sorted(golden.case_id(name) for name in late)
    assert {(e.department, e.round, e.case_version) for e in told} == {("housing", 1, 2)}
    assert all(e.due_at < now() for e in told)


async def test_the_longest_overdue_come_first_when_there_are_more_than_a_batch(running):
    service = await running("routing", overdue_batch=2)
    await service.deliver(golden.organisation(0, "housing", occurred_at=ago(days=99)))
    await service.deliver(*[golden.opinion(0, f"c{days}", occurred_at=ago(days=days)) for days in (20, 40, 60)])
    async with service.tx() as tx:
        assert await mark_overdue(tx) == 2
    assert {e.case_id for e in await service.outbox() if isinstance(e, CaseOverdue)} == {golden.case_id("c60"), golden.case_id("c40")}


async def test_a_case_is_late_only_after_its_due_day_and_not_once_it_has_its_reply(routing):
    await routing.handled("replied")
    case = await routing.handled("waiting", until="accepted")
    (due,) = {e["reply_due_at"] for e in [await routing.case("waiting")]}
    with time_machine.travel(due):
        assert await _sweep(routing) == 0
    with time_machine.travel(now() + timedelta(days=30)):
        listed = (await routing.get("/cases", overdue="true")).json()["items"]
        assert [(c["id"], c["overdue"]) for c in listed] == [(case["id"], True)]
        assert len((await routing.get("/cases", overdue="false")).json()["items"]) == 1
        assert await _sweep(routing) == 1
        ok(await routing.act("waiting", "reply", case["version"], REPLY))
        assert (await routing.get("/cases", overdue="true")).json()["items"] == []


async def test_the_next_round_may_be_late_again(routing):
    await routing.handled("a", occurred_at=ago(days=20))
    assert await _sweep(routing) == 0
    await routing.rate("a", 1, "dissatisfied")
    with time_machine.travel(now() + timedelta(days=40)):
        assert [await _sweep(routing), await _sweep(routing)] == [1, 0]
    assert [e.round for e in await routing.told(CaseOverdue)] == [2]


async def test_a_case_without_a_department_is_never_late(routing):
    await routing.opened("a", None, occurred_at=ago(days=400))
    assert await _sweep(routing) == 0
    case = (await routing.get("/cases", kit.token("desk"))).json()["items"][0]
    assert (case["overdue"], case["reply_due_at"]) == (False, None)


async def test_every_sweep_finds_nothing_to_do_when_there_is_nothing(routing):
    assert [sweep.name for sweep in sweeps.all] == [
        *("overdue", "waiting", "searchable", "new_calendar"),
        *("overdue_promises", "overdue_leads", "look_backs_filling", "undecided", "pushed"),
        *("late_co_handlers", "pauses_over"),
    ]
    async with routing.service.tx() as tx:
        # The installation's calendar is put in force once.
        assert [await sweep.verb(tx) for sweep in sweeps.all] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
        assert [await sweep.verb(tx) for sweep in sweeps.all] == [0] * len(sweeps.all)
