"""Ways through the state machine: how a case gets into each status, by the doors and events of the table alone."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import Any

from services.routing import rules
from shared.events.intake_opinions import OpinionWithdrawn
from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY, Routing, ok

BODIES: dict[str, Any] = {
    "assign": {"lead": "housing"},
    "accept": None,
    "object": {"reason": "不属于本单位"},
    "reply": REPLY,
    "uphold": {"reason": "属本单位职责"},
    "contact": {"phase": "before", "how": "phone", "held_at": "2026-03-02T09:00:00+08:00", "summary": "核实地点"},
}
"""What each action with a door is asked with."""
LEVELS = {"rate": "satisfied", "reopen": "dissatisfied"}
"""The rating from which each action without a door follows."""
DESKS = {"case.assign": kit.token("desk"), "case.handle": kit.token("department")}
"""Who may use a door, by its permission."""


OF_OPINIONS = tuple(t for t in rules.TRANSITIONS if t.action != "file")
"""What an opinion's case may go through; only a suggestion is filed for reference (tests/routing/suggestions)."""


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


async def walked(routing: Routing, name: str, status: str) -> dict[str, Any]:
    """A new case that was brought into a status."""
    case = await routing.opened(name, None)
    for step in path_to(status):
        case = await take(routing, name, step)
    assert case["status"] == status
    return case
