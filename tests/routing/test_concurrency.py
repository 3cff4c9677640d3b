"""People and ratings at once: versions go up by one for each thing that happened, and nobody sees a failure."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest

from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY


async def _versions(routing, name: str) -> tuple[int, list[int]]:
    case = await routing.case(name)
    return case["version"], [h["version"] for h in case["history"]]


@pytest.mark.parametrize("seed", range(20))
async def test_any_interleaving_of_actions_leaves_a_dense_history(routing, seed):
    chance = random.Random(seed)
    await routing.opened("a")

    async def once(action: str) -> int:
        body: dict[str, Any] | None = {"object": {"reason": "不属于本单位"}, "reply": REPLY, "assign": {"lead": "housing"}}.get(action)
        answer = await routing.act("a", action, chance.randint(2, 6), body)
        assert answer.status_code in (200, 409), answer.text
        return int(answer.status_code == 200)

    done = 0
    for _ in range(3):
        actions = [chance.choice(["accept", "object", "reply", "assign"]) for _ in range(6)]
        done += sum(await asyncio.gather(*(once(action) for action in actions)))
    version, history = await _versions(routing, "a")
    assert version == 2 + done
    assert history == list(range(1, version + 1))


async def test_ten_departments_clerks_accept_at_once_and_one_succeeds(routing):
    await routing.opened("a")
    answers = await asyncio.gather(*(routing.act("a", "accept", 2) for _ in range(10)))
    assert sorted(a.status_code for a in answers) == [200] + [409] * 9
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"StaleVersion"}


async def test_two_desks_and_the_arrival_of_the_department_give_one_hand_over_each_version(routing):
    await routing.opened("a", "health")
    await asyncio.gather(
        routing.act("a", "assign", 1, {"lead": "transport"}),
        routing.act("a", "assign", 1, {"lead": "ecology"}),
        routing.service.deliver(golden.organisation(0, "health")),
    )
    version, history = await _versions(routing, "a")
    assert (version, history) == (2, [1, 2])
    parts = [json.loads(row) for row in (await routing.service.rows())["part"]]
    assert [p["current"] for p in parts] == [True]


async def test_replicas_that_open_the_same_opinions_at_once_open_each_once(running):
    service = await running("routing")
    batches = [[golden.opinion(0, f"c{n}", id=golden.case_id(f"copy{copy}-{n}")) for n in range(50)] for copy in range(3)]
    for batch in batches:
        random.Random(len(batch)).shuffle(batch)
    await asyncio.gather(*(service.deliver(*batch) for batch in batches))
    rows = await service.rows()
    assert (len(rows["cases"]), len(rows["case_history"])) == (50, 50)
    assert len(await service.outbox()) == 50
    assert kit.SITE in rows["cases"][0]
