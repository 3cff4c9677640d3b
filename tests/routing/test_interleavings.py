"""People and ratings at one case at once, in many orders: INTERLEAVINGS=1000 for all of them, a few in every run of the suite."""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from typing import Any, cast, get_args

import httpx

from services.routing import rules
from shared.clock import now
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, Routing
from tests.routing.evaluation.stories import SECOND, paper, rate, rating, replied
from tests.routing.suggestions.test_opening import deputy
from tests.routing.walks import BODIES, DESKS

NUMBER = int(os.environ.get("INTERLEAVINGS", "30"))
AT_ONCE = 10
"""Cases that are walked at the same time."""
ACTIONS: tuple[rules.Action, ...] = ("accept", "object", "assign", "reply", "rate", "uphold", "contact", "deliver")
MARKS = ("rate_net", "rate_paper", "comment", "appraise_again", "appraised_again")
"""What leaves a case where it stands and is a version of it all the same."""
SUGGESTED = ("accept", "assign", "reply", "deliver", "rate_net", "rate_paper", "comment", "open", "conclude")
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
        assert table.get((status, line["action"]), status) == line["to"], (seed, line)
        assert line["action"] in (*get_args(rules.Action), *MARKS), (seed, line)
        status, round_ = line["to"], round_ + (line["action"] in ("reopen", "hand_over_again"))
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


async def _ask(routing: Routing, name: str, action: str, version: int, chance: random.Random) -> httpx.Response:
    """What people do with a suggestion's case beside the doors of the table: they rate, comment and appraise."""
    level = chance.choice(["satisfied", "dissatisfied"])
    case_id = golden.case_id(name)
    if action == "rate_net":
        return await rate(routing, name, rating(level, round_=chance.choice([1, 1, 2])), version=version)
    if action == "rate_paper":
        return await paper(routing, name, rating(level, round_=chance.choice([1, 1, 2])), version)
    if action == "comment":
        return await routing.post(f"/signed-cases/{case_id}/comment", {"text": "再催"}, version, deputy(SECOND))
    if action == "open":
        return await routing.post(f"/cases/{case_id}/second-appraisals", {"deputies": [], "voters": 2}, version)
    running = (await routing.get("/second-appraisals", case_id=str(case_id), state="open")).json()["items"]
    path = f"/second-appraisals/{running[0]['id'] if running else uuid.uuid4()}"
    for seat in (1, 2):
        await routing.post(f"{path}/slips/{seat}", {"level": level})
    return await routing.post(f"{path}/conclude", None, version)


async def _tried(routing: Routing, name: str, action: str, version: int, chance: random.Random) -> bool:
    if action in BODIES:
        return await _act(routing, name, cast(rules.Action, action), version, chance)
    answer = await _ask(routing, name, action, version, chance)
    assert answer.status_code in (200, 201, 404, 409), answer.text
    assert answer.status_code < 400 or answer.json()["code"], answer.text
    return answer.status_code < 400


async def _walk_suggestion(routing: Routing, name: str, seed: str) -> None:
    chance = random.Random(seed)
    await replied(routing, name)
    case = await routing.case(name)
    for _ in range(4):
        actions = [chance.choice(SUGGESTED) for _ in range(6)]
        versions = [case["version"] + chance.choice([0, 0, 0, -1, 1]) for _ in actions]
        before = case["version"]
        done = await asyncio.gather(*(_tried(routing, name, a, v, chance) for a, v in zip(actions, versions, strict=True)))
        case = await routing.case(name)
        # A rating that decides is two lines: that it came, and what came of it.
        assert sum(done) <= case["version"] - before <= 2 * sum(done), (seed, actions)
    _replays(case, seed)


async def test_any_interleaving_of_deputies_desk_and_group_leaves_a_history_that_replays_to_the_case(running, tmp_path) -> None:
    whole = kit.wujin()
    appraisal = {"least_voters": 2, "quorum": 50, "threshold": 51}
    whole["routing"]["ratings"] |= {"channels": ["net", "paper", "group"], "second_appraisal": appraisal}
    service = await running("routing", profile=kit.profile_file(tmp_path, whole))
    await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    routing = Routing(service)
    names = [f"s{n}" for n in range(NUMBER)]
    for start in range(0, NUMBER, AT_ONCE):
        await asyncio.gather(*(_walk_suggestion(routing, name, f"suggestion {name}") for name in names[start : start + AT_ONCE]))
