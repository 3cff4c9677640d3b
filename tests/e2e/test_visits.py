"""双联三访 (启东): what a deputy files on a visit goes to the department and comes back to him, until people are satisfied."""

from __future__ import annotations

from typing import Any

import pytest_asyncio
import time_machine

from services.intake.consumers import consumers as of_intake
from services.routing.consumers import consumers as of_routing
from shared.profile import PROFILES
from tests import kit
from tests.intake import people
from tests.intake.people import VILLAGE, deputy
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, REPLY, Routing, ok

MATTER = {"title": "桥栏杆断了", "text": "村口的桥栏杆断了一截，孩子上学要走。", "contact": {"name": "张某", "phone": "13912345678"}}
VISIT = {"kind": "visit", "on": "2026-06-01", "channel": "onsite", "persons": 4, "region": VILLAGE, "matters": [MATTER]}


class Loop:
    """Intake and routing of one place, with what each tells the other."""

    def __init__(self, intake: kit.Running, routing: kit.Running) -> None:
        self.intake, self.routing = intake, Routing(routing)

    async def tell(self) -> None:
        """Carries what each has said to the other until nothing new is said. What was carried before takes no effect again."""
        said = -1
        while said != (said := len(await self.intake.outbox()) + len(await self.routing.service.outbox())):
            for one, other, consumers in (
                (self.intake, self.routing.service, of_routing),
                (self.routing.service, self.intake, of_intake),
            ):
                heard = {handler.event for handler in consumers.handlers.values()}
                await other.deliver(*(event for event in await one.outbox() if type(event) in heard))

    async def brought_in(self) -> list[dict[str, Any]]:
        """What the deputy sees of the matters he brought in."""
        found = ok(await self.intake.client.get("/opinions", headers=deputy()))
        return list(found["items"])

    async def act(self, case: dict[str, Any], action: str, body: Any, who: dict[str, str]) -> dict[str, Any]:
        return ok(await self.routing.post(f"/cases/{case['id']}/{action}", body, case["version"], who))

    async def case(self, number: str) -> dict[str, Any]:
        (listed,) = ok(await self.routing.get("/cases", kit.token("desk", region="320412"), q=number))["items"]
        return ok(await self.routing.get(f"/cases/{listed['id']}", kit.token("desk", region="320412")))

    async def rate(self, receipt: dict[str, Any], level: str) -> None:
        """Whoever raised the matter rates the reply with what he was given to take away."""
        body, code = {"level": level}, {"X-Lookup-Code": receipt["lookup_code"]}
        answer = await self.intake.client.post(f"/opinions/{receipt['number']}/rating", json=body, headers=code)
        assert answer.status_code == 201, answer.text
        await self.tell()


@pytest_asyncio.fixture
async def loop(running):
    with time_machine.travel(people.at("2026-06-01"), tick=True):
        intake, routing = [await running(name, profile=PROFILES / "qidong.yaml") for name in ("intake", "routing")]
        await intake.deliver(*people.WORLD)
        await routing.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
        yield Loop(intake, routing)


async def test_what_is_filed_on_a_visit_goes_to_the_department_and_back_until_people_are_satisfied(loop: Loop) -> None:
    answer = await loop.intake.client.post("/contacts/own", json=VISIT, headers=deputy())
    assert answer.status_code == 201, answer.text
    (receipt,) = answer.json()["receipts"]
    await loop.tell()
    (mine,) = await loop.brought_in()
    assert (mine["number"], mine["channel"]) == (receipt["number"], "deputy")
    desk, unit = kit.token("desk", region="320412"), kit.token("department")
    case = await loop.case(receipt["number"])
    if case["status"] == "to_assign":
        case = await loop.act(case, "assign", {"lead": "housing"}, desk)
    case = await loop.act(case, "accept", None, unit)
    await loop.act(case, "reply", REPLY, unit)
    await loop.tell()
    assert [one["status"] for one in await loop.brought_in()] == ["replied"]
    await loop.rate(receipt, "dissatisfied")
    case = await loop.case(receipt["number"])
    assert (case["status"], case["round"]) == ("assigned", 2)
    assert [one["status"] for one in await loop.brought_in()] == ["reopened"]
    case = await loop.act(case, "accept", None, unit)
    await loop.act(case, "reply", REPLY, unit)
    await loop.tell()
    await loop.rate(receipt, "satisfied")
    assert [one["status"] for one in await loop.brought_in()] == ["closed"]
