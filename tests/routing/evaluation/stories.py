"""Suggestions with replies, and their signers, as the tests of evaluation need them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.routing.evaluation.clock import forms_over, forms_to_remind
from shared.settings import ROOT
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, REPLY, Routing, ok
from tests.routing.suggestions.test_opening import LEAD, SECOND, STRANGER, checked, deputy

__all__ = ["LEAD", "SECOND", "STRANGER", "answered", "at_place", "evaluation", "paper", "rate", "rating", "reminded", "replied", "swept"]


async def at_place(running: Any, profile: str, **settings: Any) -> Routing:
    """Routing under a place's profile, with three departments."""
    service = await running("routing", profile=ROOT / "deploy" / "profiles" / f"{profile}.yaml", **settings)
    await service.deliver(*(golden.organisation(0, name, occurred_at=LONG_AGO) for name in ("housing", "transport", "ecology")))
    return Routing(service)


async def replied(routing: Routing, name: str = "a", **changes: Any) -> dict[str, Any]:
    """A suggestion's case that housing has replied to just now."""
    await routing.service.deliver(checked(name, **{"occurred_at": datetime.now(UTC), **changes}))
    return await answered(routing, name)


async def answered(routing: Routing, name: str = "a") -> dict[str, Any]:
    """The case after housing has taken it on and replied, handed over by the desk before if need be. Tokens are of now."""
    case = await routing.case(name)
    if case["status"] == "to_assign":
        case = ok(await routing.act(name, "assign", case["version"], {"lead": "housing"}))
    case = ok(await routing.act(name, "accept", case["version"]))
    return ok(await routing.act(name, "reply", case["version"], REPLY))


def rating(result: str = "satisfied", round_: int = 1, **changes: Any) -> dict[str, Any]:
    return {"round": round_, "attitude": "satisfied", "result": result, **changes}


async def rate(routing: Routing, name: str, body: dict[str, Any], who: Any = LEAD, version: int | None = None) -> Any:
    """The net rating of a deputy."""
    known = version or (await routing.case(name))["version"]
    return await routing.post(f"/signed-cases/{golden.case_id(name)}/rate", body, known, deputy(who))


async def paper(routing: Routing, name: str, body: dict[str, Any], version: int | None = None, who: Any = None) -> Any:
    """A paper form that the desk enters."""
    known = version or (await routing.case(name))["version"]
    return await routing.post(f"/cases/{golden.case_id(name)}/paper-rating", body, known, who)


async def evaluation(routing: Routing, name: str = "a") -> dict[str, Any]:
    return ok(await routing.get(f"/cases/{golden.case_id(name)}/evaluation", kit.token("desk")))


async def reminded(routing: Routing) -> int:
    async with routing.service.tx() as tx:
        return await forms_to_remind(tx)


async def swept(routing: Routing) -> int:
    async with routing.service.tx() as tx:
        return await forms_over(tx)
