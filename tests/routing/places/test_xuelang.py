"""雪浪: 提、办、督, and the yearly direct-handling meeting (直办会) at which units promise on the spot."""

from __future__ import annotations

from datetime import datetime

from shared.events.routing_supervising import MeetingHeld, PromiseMade
from shared.workdays import CHINA
from tests.routing import golden
from tests.routing.conftest import ok
from tests.routing.places.procedure import (
    begun,
    day,
    desk,
    dissatisfied_then_satisfied,
    handed_over,
    kept,
    met,
    phases,
    promised_by,
    raised,
    replied,
    step,
)


async def test_a_matter_is_raised_handled_and_supervised(running):
    routing = await begun(running, "xuelang")
    await raised(routing)
    assert await phases(routing) == {"提": 1, "办": 0, "督": 0}
    await handed_over(routing)
    assert await phases(routing) == {"提": 0, "办": 1, "督": 0}
    await replied(routing)
    await dissatisfied_then_satisfied(routing)
    assert await phases(routing) == {"提": 0, "办": 0, "督": 1}


async def test_at_the_direct_handling_meeting_a_unit_promises_and_keeps_it(running):
    routing = await begun(running, "xuelang")
    await raised(routing)
    await handed_over(routing)
    meeting = await met(routing, "direct", "a")
    promise = {"case_id": str(golden.case_id("a")), "organisation": "housing", "promised": "两周内修复", "promised_by": day(14)}
    meeting = ok(await step(routing, meeting, "promises", promise))
    ok(await step(routing, meeting, "hold", {"minutes": "现场承诺一件"}))
    (told,) = await routing.told(PromiseMade)
    assert (told.source, told.department) == ("meeting", "housing")
    assert len(await routing.told(MeetingHeld)) == 1
    await kept(routing, await promised_by(routing))
    await replied(routing)
    held = (await routing.get("/meetings/yearly", desk(), year=datetime.now(CHINA).year)).json()
    assert [(one["type"], one["held"]) for one in held] == [("direct", 1)]
