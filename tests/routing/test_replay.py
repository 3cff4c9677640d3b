"""Golden events in any order and each twice leave the rows that they leave once and in order."""

from __future__ import annotations

import json
import random
from datetime import timedelta

import time_machine

from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY, Routing, ok

REPLIED = ("replied_well", "replied_badly")
SEED = [golden.EVENTS[0], *(golden.opinion(minute, name) for minute, name in zip((17, 18), REPLIED, strict=True))]


async def _seed(service: kit.Running) -> None:
    """What people did in the story: the department replied to two cases, an hour before they were rated."""
    routing = Routing(service)
    with time_machine.travel(golden.at(18) + timedelta(seconds=30), tick=False):
        await service.deliver(*SEED)
        for name in REPLIED:
            ok(await routing.act(name, "accept", 2))
            ok(await routing.act(name, "reply", 3, REPLY))


async def test_shuffled_and_doubled_events_leave_the_same_rows(running):
    service = await running("routing")
    await _seed(service)
    for event in golden.EVENTS:
        await service.deliver(event)
    expected = await service.rows()
    _tells_the_story(expected)
    for seed in range(kit.SHUFFLES):
        chance = random.Random(seed)
        events = golden.EVENTS * 2
        chance.shuffle(events)
        await kit.wipe(service.database)
        await _seed(service)
        while events:
            size = chance.randint(1, 16)
            await service.deliver(*events[:size])
            del events[:size]
        assert await service.rows() == expected, f"seed {seed}"


async def test_all_in_one_batch_and_one_by_one_leave_the_same_rows(running):
    service = await running("routing")
    outcomes = []
    for size in (1, len(golden.EVENTS)):
        await kit.wipe(service.database)
        events = list(reversed(golden.EVENTS))
        for start in range(0, len(events), size):
            await service.deliver(*events[start : start + size])
        outcomes.append(await service.rows())
    assert outcomes[0] == outcomes[1]


def _tells_the_story(rows: dict[str, list[str]]) -> None:
    cases = {row["number"].rpartition("-")[2].lower(): row for row in map(json.loads, rows["cases"])}
    assert {name: (row["status"], row["lead"], row["version"], row["round"]) for name, row in cases.items()} == {
        "certain": ("assigned", "housing", 2, 1),
        "by_rule": ("assigned", "ecology", 2, 1),
        "by_model": ("to_assign", None, 1, 1),
        "unsure": ("to_assign", None, 1, 1),
        "unclassified": ("to_assign", None, 1, 1),
        "no_rule": ("to_assign", None, 1, 1),
        "before_its_department": ("assigned", "education", 2, 1),
        "while_inactive": ("assigned", "transport", 2, 1),
        "never_served": ("to_assign", None, 1, 1),
        "replied_well": ("closed", "housing", 5, 1),
        "replied_badly": ("assigned", "housing", 5, 2),
    }
    assert {table: len(rows[table]) for table in ("rating", "reply", "supervision_mark", "part", "organisation_version")} == {
        "rating": 2,
        "reply": 2,
        "supervision_mark": 1,
        "part": 7,
        "organisation_version": 7,
    }
