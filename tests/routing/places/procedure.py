"""The steps that places' procedures are made of, each by its door, with what must be there after it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import Routing, ago, answering, made, ok
from tests.routing.reports.test_report import place, report


def desk() -> dict[str, str]:
    """The desk's token of now: clocks are turned in these tests."""
    return kit.token("desk")


def unit(organisation: str = "housing") -> dict[str, str]:
    """A department's token of now."""
    return kit.token("department", organisation=organisation)


def day(days: int = 0) -> str:
    """A day in China, so many after today."""
    return (datetime.now(CHINA).date() + timedelta(days=days)).isoformat()


async def begun(running: Any, profile: str, *departments: str) -> Routing:
    """Routing under the rules of a place, with housing and other departments."""
    return Routing(await place(running, profile, "housing", *departments))


async def raised(routing: Routing, name: str = "a") -> dict[str, Any]:
    """A matter has come in that no rule hands over."""
    case = await routing.opened(name, None)
    assert (case["status"], case["version"]) == ("to_assign", 1)
    return case


async def handed_over(routing: Routing, name: str = "a", **changes: Any) -> dict[str, Any]:
    """The desk hands the case over, and the department takes it."""
    case = await routing.case(name)
    case = ok(await routing.act(name, "assign", case["version"], {"lead": "housing", **changes}, desk()))
    return ok(await routing.act(name, "accept", case["version"], None, unit()))


async def replied(routing: Routing, name: str = "a", code: str = "A") -> dict[str, Any]:
    """The department replies with a class of the place's."""
    case = await routing.case(name)
    body = answering(routing.service.database.policy, code)
    case = ok(await routing.act(name, "reply", case["version"], body, unit()))
    assert (case["status"], case["replies"][-1]["class"]) == ("replied", code)
    return case


async def contacted(routing: Routing, name: str, phase: str) -> dict[str, Any]:
    """The department has met the sender."""
    case = await routing.case(name)
    body = {"phase": phase, "how": "visit", "held_at": ago(minutes=5).isoformat(), "summary": "当面听取意见"}
    return ok(await routing.act(name, "contact", case["version"], body, unit()))


async def dissatisfied_then_satisfied(routing: Routing, name: str = "a") -> None:
    """The next round and the supervision mark follow a poor reply; a better one closes the case, and the first stays as it was."""
    before = (await routing.case(name))["replies"]
    case = await routing.rate(name, 1, "dissatisfied")
    assert (case["status"], case["round"], len(case["marks"])) == ("assigned", 2, 1)
    ok(await routing.act(name, "accept", case["version"], None, unit()))
    case = await replied(routing, name)
    assert case["replies"][:1] == before
    assert (await routing.rate(name, 2, "satisfied"))["status"] == "closed"


async def promised_by(routing: Routing, name: str = "a") -> dict[str, Any]:
    """The promise that a case left in the ledger."""
    (line,) = ok(await routing.get("/promises", desk(), case_id=str(golden.case_id(name))))["items"]
    return ok(await routing.get(f"/promises/{line['id']}", desk()))


async def kept(routing: Routing, promise: dict[str, Any]) -> dict[str, Any]:
    """The department shows that what it promised is there."""
    body = {"delivered_at": ago(minutes=1).isoformat(), "evidence": "现场照片 12 张"}
    found = ok(await routing.post(f"/promises/{promise['id']}/keep", body, promise["version"], unit()))
    assert found["state"] == "kept"
    return found


async def met(routing: Routing, kind: str, *names: str, units: tuple[str, ...] = ("housing",)) -> dict[str, Any]:
    """A meeting of today on these cases, its units present."""
    body = {"type": kind, "title": "会议", "held_on": day(), "cases": [str(golden.case_id(n)) for n in names], "units": list(units)}
    meeting = made(await routing.post("/meetings", body, who=desk()))
    return ok(await step(routing, meeting, "present", {"organisations": list(units)}))


async def step(routing: Routing, meeting: dict[str, Any], what: str, body: Any = None) -> Any:
    """A step of a meeting."""
    return await routing.post(f"/meetings/{meeting['id']}/{what}", body, meeting["version"], desk())


async def phases(routing: Routing) -> dict[str, int]:
    """The place's own names of the phases → how many cases the report finds in each."""
    return {phase["label"]: phase["count"] for phase in (await report(routing.service, desk()))["phases"]}
