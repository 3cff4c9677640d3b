"""Ways through the state machine: how a case gets into each status, by the doors and events of the table alone."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from services.routing import rules
from shared.events.intake_opinions import OpinionWithdrawn
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY, Routing, made, ok
from tests.routing.evaluation.stories import rate, rating, replied, swept
from tests.routing.suggestions.test_opening import checked

BODIES: dict[str, Any] = {
    "assign": {"lead": "housing"},
    "accept": None,
    "object": {"reason": "不属于本单位"},
    "reply": REPLY,
    "uphold": {"reason": "属本单位职责"},
    "deliver": {"delivered_on": datetime.now(CHINA).date().isoformat(), "evidence": "现场照片 12 张，电话 13812345678"},
    "contact": {"phase": "before", "how": "phone", "held_at": "2026-03-02T09:00:00+08:00", "summary": "核实地点"},
    "extend": {"n": 3, "unit": "workday", "reason": "材料延期"},
    "agree": {"agreed_by": "desk"},
    "decline": {"reason": "可按期完成"},
    "pause": {"ground": "season", "note": "冰冻期"},
    "resume": None,
}
"""What each action with a door is asked with."""
NEEDS = {"agree": "extend", "decline": "extend", "resume": "pause"}
"""What has to be done before an action has anything to act on, where the status does not say."""
LEVELS = {"rate": "satisfied", "reopen": "dissatisfied"}
"""The rating from which each action without a door follows."""
DESKS = {"case.assign": kit.token("desk"), "case.handle": kit.token("department")}
"""Who may use a door, by its permission."""


OF_SUGGESTIONS = tuple(t for t in rules.TRANSITIONS if t.action in ("file", "lapse", "hand_over_again"))
"""What follows from the kind of a suggestion, from a form that was not returned, and from a second appraisal."""
OF_OPINIONS = tuple(t for t in rules.TRANSITIONS if t not in OF_SUGGESTIONS)
"""What an opinion's case goes through at every place."""


def path_to(status: str) -> list[rules.Transition]:
    """The shortest way from a new case to a status."""
    waiting: deque[list[rules.Transition]] = deque([[]])
    seen = {"to_assign"}
    while waiting:
        path = waiting.popleft()
        here = path[-1].next if path else "to_assign"
        if here == status:
            return path
        for step in OF_OPINIONS:
            if step.status == here and step.next not in seen:
                seen.add(step.next)
                waiting.append([*path, step])
    raise AssertionError(f"no way to {status}")


async def take(routing: Routing, name: str, step: rules.Transition) -> dict[str, Any]:
    """The case after one transition."""
    case = await routing.case(name)
    if step.permission:
        return ok(await routing.act(name, step.action, case["version"], BODIES[step.action], DESKS[step.permission]))
    if step.action in LEVELS:
        return await routing.rate(name, case["round"], LEVELS[step.action])
    assert step.action == "withdraw", step.action
    await routing.service.deliver(
        OpinionWithdrawn(
            occurred_at=datetime.now(UTC),
            opinion_id=golden.opinion_id(name),
            number=case["number"],
        )
    )
    return await routing.case(name)


async def readied(routing: Routing, name: str, step: rules.Transition) -> dict[str, Any]:
    """A new case on which a transition can be taken."""
    case = await walked(routing, name, step.status)
    if step.action not in NEEDS:
        return case
    before = next(t for t in rules.TRANSITIONS if (t.status, t.action) == (step.status, NEEDS[step.action]))
    return await take(routing, name, before)


async def walked(routing: Routing, name: str, status: str) -> dict[str, Any]:
    """A new case that was brought into a status."""
    case = await routing.opened(name, None)
    for step in path_to(status):
        case = await take(routing, name, step)
    assert case["status"] == status
    return case


async def take_suggestion(routing: Routing, name: str, action: str) -> tuple[int, dict[str, Any]]:
    """A suggestion's case that an action of its own was taken with: the version before it, and the case after it."""
    if action == "file":
        await routing.service.deliver(checked(name, reply_wanted=False))
        return 1, await routing.case(name)
    case = await replied(routing, name)
    if action == "lapse":
        with time_machine.travel(datetime.now(UTC) + timedelta(days=200), tick=False):
            assert await swept(routing) == 1
            return case["version"], await routing.case(name)
    assert action == "hand_over_again", action
    case = ok(await rate(routing, name, rating()))
    appraisal = made(await routing.post(f"/cases/{case['case_id']}/second-appraisals", {"deputies": [], "voters": 5}, case["version"]))
    for seat in range(1, 6):
        ok(await routing.post(f"/second-appraisals/{appraisal['id']}/slips/{seat}", {"level": "dissatisfied"}))
    ok(await routing.post(f"/second-appraisals/{appraisal['id']}/conclude", None, appraisal["case_version"]))
    return appraisal["case_version"], await routing.case(name)
