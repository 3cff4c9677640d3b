"""鄂尔多斯: 提、交、办、督、评, and the promises of class B that are looked back at until they are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine

from services.routing.clock import look_backs_filling, overdue_promises
from shared.events.routing_supervising import PromiseFellDue, PromiseKept, PromiseMade
from shared.workdays import CHINA
from tests.routing import golden
from tests.routing.conftest import ago, made, ok
from tests.routing.places.procedure import begun, desk, handed_over, kept, phases, promised_by, raised, replied
from tests.routing.reports.test_report import report


async def test_what_cannot_be_done_at_once_is_promised_pushed_kept_and_rated_again(running):
    routing = await begun(running, "ordos")
    for name, code in (("a", "B"), ("done", "A")):
        await raised(routing, name)
        await handed_over(routing, name)
        await replied(routing, name, code)
        await routing.rate(name, 1, "basically_satisfied")
    assert (await phases(routing))["评"] == 2
    (told,) = await routing.told(PromiseMade)
    assert told.case_id == golden.case_id("a")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=120)):
        async with routing.service.tx() as tx:
            assert await overdue_promises(tx) == 1
        assert [one.organisation for one in await routing.told(PromiseFellDue)] == ["housing"]
        promise = await kept(routing, await promised_by(routing))
        body = {"by": "lead_deputy", "level": "satisfied"}
        rated = ok(await routing.post(f"/promises/{promise['id']}/rating", body, promise["version"], desk()))
        assert [one["level"] for one in rated["ratings"]] == ["satisfied"]
    assert len(await routing.told(PromiseKept)) == 1
    classes = (await report(routing.service))["total"]["classes"]["items"]
    assert [(one["code"], one["share"]) for one in classes] == [("A", "50.0"), ("B", "50.0"), ("C", "0.0")]


async def test_the_year_s_promises_are_looked_back_at_on_the_spot(running):
    routing = await begun(running, "ordos")
    await raised(routing)
    await handed_over(routing)
    await replied(routing, code="B")
    selection = {"kind": "class", "class": "B", "year": datetime.now(CHINA).year}
    begun_at = made(await routing.post("/look-backs", {"name": "回头看", "selection": selection}))
    async with routing.service.tx() as tx:
        while await look_backs_filling(tx):
            pass
    found = {"finding": "in_progress", "evidence": "正在施工", "looked_at": ago(minutes=1).isoformat(), "looked_by": "代表工委"}
    path = f"/look-backs/{begun_at['id']}/items/{golden.case_id('a')}/finding"
    assert ok(await routing.post(path, found, 0))["finding"] == "in_progress"
    found = {**found, "finding": "done", "evidence": "已经完成"}
    assert ok(await routing.post(path, found, 1))["finding"] == "done"
    assert (await promised_by(routing))["state"] == "kept"
