"""People and ratings at one case at once, in many orders: INTERLEAVINGS=1000 for all of them, a few in every run of the suite."""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from typing import Any

from services.routing import rules
from shared.clock import now
from tests.routing import golden
from tests.routing.conftest import Routing
from tests.routing.walks import BODIES, DESKS

NUMBER = int(os.environ.get("INTERLEAVINGS", "60"))
AT_ONCE = 10
"""Cases that are walked at the same time."""
ACTIONS: tuple[rules.Action, ...] = ("accept", "object", "assign", "reply", "rate", "uphold", "contact")
_NEXT: dict[str, tuple[rules.Action, ...]] = {
    status: tuple(t.action for t in rules.TRANSITIONS if t.status == status and t.action in ACTIONS) for status in rules.REFUSALS
}


async def _act(routing: Routing, name: str, action: rules.Action, version: int, chance: random.Random) -> bool:
    """Whether it took effect. What did not says why."""
    if action == "rate":
        level: Any = chance.choice(["satisfied", "dissatisfied"])
        await routing.service.deliver(
            golden.rating(0, name, chance.choice([1, 1, 1, 2]), level).model_copy(update={"id": uuid.uuid4(), "occurred_at": now()})
        )
        return False
    permission = next(t.permission for t in rules.TRANSITIONS if t.action == action)
    answer = await routing.act(name, action, version, BODIES[action], DESKS[permission or ""])
    if answer.status_code == 200:
        return True
    problem = answer.json()
    assert answer.status_code == 409, answer.text
    assert problem["code"] and problem["current"] > 0, problem
    return False


async def _walk(routing: Routing, name: str, seed: str) -> None:
    chance = random.Random(seed)
    case = await routing.opened(name)
    for _ in range(3):
        likely = [a for a in _NEXT[case["status"]] for _ in range(2)]
        actions = [chance.choice([*ACTIONS, *likely]) for _ in range(5)]
        versions = [case["version"] + chance.choice([0, 0, 0, -1, 1]) for _ in actions]
        before = case["version"]
        done = await asyncio.gather(*(_act(routing, name, a, v, chance) for a, v in zip(actions, versions, strict=True)))
        case = await routing.case(name)
        assert case["version"] - before <= sum(done) + actions.count("rate"), (seed, actions)
        assert case["version"] - before >= sum(done), (seed, actions)
    _replays(case, seed)


def _replays(case: dict[str, Any], seed: str) -> None:
    """The history alone leads to the case as it is."""
    history = case["history"]
    assert [h["version"] for h in history] == list(range(1, case["version"] + 1)), seed
    status, round_ = history[0]["to"], history[0]["round"]
    table = {(t.status, t.action): t.next for t in rules.TRANSITIONS}
    for line in history[1:]:
        assert line["from"] == status, (seed, line)
        assert table[status, line["action"]] == line["to"], (seed, line)
        status, round_ = line["to"], round_ + (line["action"] == "reopen")
        assert line["round"] == round_, (seed, line)
    replies = [h["round"] for h in history if h["action"] == "reply"]
    ratings = [h["round"] - (h["action"] == "reopen") for h in history if h["action"] in ("rate", "reopen")]
    assert (case["status"], case["round"]) == (status, round_), seed
    assert [r["round"] for r in case["replies"]] == replies, seed
    assert [r["round"] for r in case["ratings"]] == ratings, seed


async def test_any_interleaving_of_people_and_ratings_leaves_a_history_that_replays_to_the_case(routing: Routing) -> None:
    names = [f"case{n}" for n in range(NUMBER)]
    for start in range(0, NUMBER, AT_ONCE):
        await asyncio.gather(*(_walk(routing, name, f"interleaving {name}") for name in names[start : start + AT_ONCE]))
