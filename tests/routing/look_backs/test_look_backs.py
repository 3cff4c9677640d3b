"""Look-backs (回头看专项行动): items by a batch job, findings, figures with their base, and what not done leads to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from services.routing.clock import look_backs_filling
from shared.events.routing_supervising import LookBackClosed, LookBackItemFound, LookBackOpened, PromiseKept
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import Routing, an_id, made, ok, refused
from tests.routing.reports.test_report import answered, place

BY = {"looked_by": "市人大常委会代表工委"}


def of_class_b() -> dict[str, Any]:
    return {"name": "B类建议回头看", "selection": {"kind": "class", "class": "B", "year": datetime.now(CHINA).year}}


async def filled(routing: Routing, body: dict[str, Any]) -> dict[str, Any]:
    """A look-back with all its items."""
    begun = made(await routing.post("/look-backs", body))
    async with routing.service.tx() as tx:
        while await look_backs_filling(tx):
            pass
    return ok(await routing.get(f"/look-backs/{begun['id']}"))


async def items_of(routing: Routing, look_back: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        page = ok(await routing.get(f"/look-backs/{look_back['id']}/items", limit=50, **query, **({"cursor": cursor} if cursor else {})))
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def find_out(routing: Routing, look_back: dict[str, Any], case_id: object, version: int, finding: str, **changes: Any) -> Any:
    body = {"finding": finding, "evidence": "现场查看，照片 3 张", "looked_at": datetime.now(UTC).isoformat(), **BY, **changes}
    return await routing.post(f"/look-backs/{look_back['id']}/items/{case_id}/finding", body, version)


async def test_the_113_earlier_b_items_of_ordos_are_looked_back_at_and_solved(running):
    routing = Routing(await place(running, "ordos", "housing"))
    await answered(routing.service, {"A": 2, "B": 113, "C": 1})
    with time_machine.travel(datetime.now(UTC) + timedelta(days=200)):
        body = of_class_b() | {"selection": {"kind": "class", "class": "B", "year": (datetime.now(CHINA) - timedelta(days=200)).year}}
        look_back = await filled(routing, body)
        assert (look_back["state"], look_back["items"], look_back["base"], look_back["unseen"]) == ("open", 113, 0, 113)
        items = await items_of(routing, look_back)
        assert len({item["case_id"] for item in items}) == 113 and {item["class"] for item in items} == {"B"}
        for item in items:
            assert ok(await find_out(routing, look_back, item["case_id"], 0, "done"))["finding"] == "done"
        look_back = ok(await routing.post(f"/look-backs/{look_back['id']}/close", None, look_back["version"]))
        assert (look_back["base"], look_back["unseen"]) == (113, 0)
        assert [(f["finding"], f["count"], f["share"]) for f in look_back["findings"]] == [
            ("done", 113, "100.0"),
            ("in_progress", 0, "0.0"),
            ("not_done", 0, "0.0"),
        ]
        kept = ok(await routing.get("/promises", state="kept", limit=1))
        assert kept["items"] and ok(await routing.get("/promises", state="open"))["items"] == []
    assert len(await routing.told(PromiseKept)) == 113
    (closed,) = await routing.told(LookBackClosed)
    assert (closed.items, closed.done, closed.unseen) == (113, 113, 0)


async def test_items_come_in_batches_one_for_each_case_and_then_it_opens(running):
    service = await running("routing", look_back_batch=2)
    routing = Routing(service)
    await service.deliver(golden.organisation(0, "housing", occurred_at=datetime(2020, 1, 2, tzinfo=UTC)))
    await answered(service, {"B": 5})
    begun = made(await routing.post("/look-backs", of_class_b()))
    seen = []
    for _ in range(4):
        async with service.tx() as tx:
            await look_backs_filling(tx)
        now = ok(await routing.get(f"/look-backs/{begun['id']}"))
        seen.append((now["items"], now["state"]))
        if now["state"] == "filling":
            refused(await find_out(routing, begun, golden.case_id("B0"), 0, "done"), 409, "LookBackFilling")
    assert seen == [(2, "filling"), (4, "filling"), (5, "open"), (5, "open")]
    assert [(one.items, str(one.look_back_id)) for one in await routing.told(LookBackOpened)] == [(5, begun["id"])]


async def test_two_replicas_fill_one_look_back_without_doubling(routing):
    await answered(routing.service, {"B": 3})
    made(await routing.post("/look-backs", of_class_b()))
    async with routing.service.tx() as one, routing.service.tx() as other:
        assert [await look_backs_filling(one), await look_backs_filling(other)] == [3, 0]


async def test_a_selection_is_of_a_class_and_a_year_of_what_is_overdue_or_of_a_list(routing):
    await answered(routing.service, {"A": 1, "B": 3})
    year = datetime.now(CHINA).year
    by_year = {"kind": "class", "class": "B"}
    assert (await filled(routing, {"name": "n", "selection": {**by_year, "year": year}}))["items"] == 3
    assert (await filled(routing, {"name": "n", "selection": {**by_year, "year": year - 1}}))["items"] == 0
    assert (await filled(routing, {"name": "n", "selection": {**by_year, "year": year, "department": "transport"}}))["items"] == 0
    assert (await filled(routing, {"name": "n", "selection": {"kind": "overdue_promises"}}))["items"] == 0
    listed = [str(golden.case_id(name)) for name in ("A0", "B1", "B1")]
    assert (await filled(routing, {"name": "n", "selection": {"kind": "cases", "cases": listed}}))["items"] == 2
    with time_machine.travel(datetime.now(UTC) + timedelta(days=120)):
        assert (await filled(routing, {"name": "n", "selection": {"kind": "overdue_promises"}}))["items"] == 3
        assert (await filled(routing, {"name": "n", "selection": {"kind": "overdue_promises", "year": year - 1}}))["items"] == 0


@pytest.mark.parametrize(
    ("selection", "fact"),
    [
        ({"kind": "class", "class": "Z", "year": 2026}, "UnknownResultClass"),
        ({"kind": "class", "class": "B"}, "InvalidRequest"),
        ({"kind": "cases"}, "InvalidRequest"),
        ({"kind": "overdue_promises", "class": "B"}, "InvalidRequest"),
        ({"kind": "cases", "cases": [str(an_id())]}, "CasesNotFound"),
    ],
)
async def test_a_selection_that_cannot_be_is_refused_and_nothing_begins(routing, selection, fact):
    refused(await routing.post("/look-backs", {"name": "n", "selection": selection}), 422, fact)
    assert ok(await routing.get("/look-backs"))["items"] == []


async def test_what_is_not_done_may_be_supervised_again_and_every_finding_is_kept(routing):
    await answered(routing.service, {"B": 2})
    look_back = await filled(routing, of_class_b())
    case = golden.case_id("B0")
    refused(await find_out(routing, look_back, case, 0, "done", supervise=True), 422, "OnlyUndoneIsSupervised")
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    refused(await find_out(routing, look_back, case, 0, "done", looked_at=later), 422, "LookedInFuture")
    refused(await find_out(routing, look_back, an_id(), 0, "done"), 404, "LookBackNotFound")
    ok(await find_out(routing, look_back, case, 0, "not_done", supervise=True))
    marks = (await routing.case("B0"))["marks"]
    assert [(mark["round"], mark["reason"]) for mark in marks] == [(1, "look_back")]
    refused(await find_out(routing, look_back, case, 0, "in_progress"), 409, "StaleVersion")
    assert ok(await find_out(routing, look_back, case, 1, "in_progress"))["version"] == 2
    history = ok_list(await routing.get(f"/look-backs/{look_back['id']}/items/{case}/findings"))
    assert [(one["finding"], one["supervised"], one["looked_by"]) for one in history] == [
        ("not_done", True, BY["looked_by"]),
        ("in_progress", False, BY["looked_by"]),
    ]
    now = ok(await routing.get(f"/look-backs/{look_back['id']}"))
    assert (now["base"], now["unseen"], [f["count"] for f in now["findings"]]) == (1, 1, [0, 1, 0])
    assert [(one.finding, one.supervised) for one in await routing.told(LookBackItemFound)] == [("not_done", True), ("in_progress", False)]
    ok(await routing.post(f"/look-backs/{look_back['id']}/close", None, now["version"]))
    refused(await find_out(routing, look_back, case, 2, "done"), 409, "LookBackIsClosed")


def ok_list(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def test_a_look_back_is_the_desks_and_of_its_region(routing):
    await answered(routing.service, {"B": 1})
    look_back = await filled(routing, of_class_b())
    for who in (kit.token("department"), kit.token("leader"), kit.token("committee", organisation="urban_committee")):
        refused(await routing.post("/look-backs", of_class_b(), None, who), 403, "NotPermitted")
    other = kit.token("desk", region="320412002")
    refused(await routing.get(f"/look-backs/{look_back['id']}", other), 404, "LookBackNotFound")
    assert ok(await routing.get("/look-backs", other))["items"] == []
