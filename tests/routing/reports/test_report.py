"""The handling report out of cases that went through the doors: golden shares, every figure with its base, groups and scopes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine

from shared.settings import ROOT
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, answering, ok, refused

DESK, HOUSING = kit.token("desk"), kit.token("department")


async def place(running, profile: str, *departments: str) -> kit.Running:
    """Routing under the rules of a place, with these departments."""
    service = await running("routing", profile=ROOT / "deploy" / "profiles" / f"{profile}.yaml")
    await service.deliver(*(golden.organisation(0, name, occurred_at=LONG_AGO) for name in departments))
    return service


async def act(service: kit.Running, name: str, action: str, version: int, body: Any = None) -> httpx.Response:
    path = f"/cases/{golden.case_id(name)}/{action}"
    return await service.client.post(path, json=body, headers={**HOUSING, "If-Match": str(version)})


async def answered(service: kit.Running, classes: dict[str, int]) -> None:
    """So many cases with a reply of each class: opinions in by event, accepted and replied to over HTTP."""
    names = [f"{code}{n}" for code, many in classes.items() for n in range(many)]
    for start in range(0, len(names), 100):
        await service.deliver(*(golden.opinion(0, name, occurred_at=datetime.now(UTC)) for name in names[start : start + 100]))
    for name in names:
        ok(await act(service, name, "accept", 2))
        ok(await act(service, name, "reply", 3, answering(service.database.policy, name[0])))


async def report(service: kit.Running, who: dict[str, str] = DESK, **query: Any) -> dict[str, Any]:
    return ok(await service.client.get("/reports/handling", params={"year": datetime.now(UTC).year, **query}, headers=who))


def shares(classes: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [(item["code"], item["count"], item["share"]) for item in classes["items"]]


async def test_the_results_of_tongzhou_come_out_of_its_cases_at_two_decimals(running):
    service = await place(running, "tongzhou", "housing")
    await answered(service, {"A": 286, "B": 52, "C": 3})
    await service.deliver(golden.opinion(0, "still_open", occurred_at=datetime.now(UTC)))
    found = await report(service)
    assert found["decimals"] == 2
    assert found["total"]["classes"]["base"] == 341
    assert shares(found["total"]["classes"]) == [("A", 286, "83.87"), ("B", 52, "15.25"), ("C", 3, "0.88")]
    assert (found["total"]["received"], found["total"]["replied"], found["total"]["unanswered"]) == (342, 341, 1)
    assert shares((await report(service, decimals=1))["total"]["classes"]) == [("A", 286, "83.9"), ("B", 52, "15.2"), ("C", 3, "0.9")]
    assert shares((await report(service, decimals=0))["total"]["classes"]) == [("A", 286, "84"), ("B", 52, "15"), ("C", 3, "1")]
    assert [one["key"] for one in found["departments"]] == ["housing"]


async def test_the_results_of_ordos_come_out_of_its_cases_at_one_decimal(running):
    service = await place(running, "ordos", "housing")
    await answered(service, {"A": 131, "B": 49, "C": 1})
    found = await report(service)
    assert (found["decimals"], found["total"]["classes"]["base"]) == (1, 181)
    assert shares(found["total"]["classes"]) == [("A", 131, "72.4"), ("B", 49, "27.1"), ("C", 1, "0.5")]
    classes = ok(await service.client.get("/reports/classes", headers=DESK))
    assert [(i["class"], i["share"]) for i in classes["items"]] == [("A", "72.4"), ("B", "27.1"), ("C", "0.5")]
    classes = ok(await service.client.get("/reports/classes", params={"decimals": 2}, headers=DESK))
    assert [i["share"] for i in classes["items"]] == ["72.38", "27.07", "0.55"]


async def test_every_figure_has_its_base(routing):
    for name in ("good", "bad", "unrated", "again"):
        await routing.handled(name)
    await routing.rate("good", 1, "satisfied")
    await routing.rate("bad", 1, "dissatisfied")  # the next round is open
    await routing.rate("again", 1, "dissatisfied")
    ok(await routing.act("again", "accept", 5))
    ok(await routing.act("again", "reply", 6, answering(routing.service.database.policy, "B")))
    await routing.rate("again", 2, "basically_satisfied")
    await routing.opened("objected")
    ok(await routing.act("objected", "object", 2, {"reason": "不属于本单位职责"}))
    await routing.opened("unclassified", None)
    with time_machine.travel(datetime.now(UTC) - timedelta(days=40), tick=False):
        late = golden.opinion(0, "late", occurred_at=datetime.now(UTC))
    await routing.service.deliver(late)
    total = (await report(routing.service))["total"]
    assert {name: total[name] for name in ("received", "withdrawn", "replied", "unanswered", "overdue")} == {
        "received": 7,
        "withdrawn": 0,
        "replied": 4,
        "unanswered": 3,
        "overdue": 1,
    }
    assert shares(total["classes"]) == [("A", 3, "75.0"), ("B", 1, "25.0"), ("C", 0, "0.0")]
    rated = total["satisfaction"]
    assert (rated["base"], rated["rated"], rated["not_returned"], rated["satisfied"], rated["percent"]) == (3, 3, 1, 2, "66.7")
    first = total["first_satisfaction"]
    assert (first["base"], first["not_returned"], first["satisfied"], first["percent"]) == (3, 1, 1, "33.3")
    assert total["on_time"] == {"n": 5, "of": 6, "percent": "83.3"}  # five replies in time, one owed and late
    assert total["returned"] == {"n": 1, "of": 6, "percent": "16.7"}  # of the cases handed over
    assert total["handled_again"] == {"n": 2, "of": 4, "percent": "50.0"}


async def test_a_case_that_was_withdrawn_is_in_no_share(routing):
    from services.routing.actions.withdrawing import withdraw

    await routing.handled("kept")
    await routing.handled("gone")
    async with routing.service.tx() as tx:
        await withdraw(tx, golden.opinion_id("gone"), datetime.now(UTC), "by_sender")
    total = (await report(routing.service))["total"]
    assert (total["received"], total["withdrawn"], total["replied"]) == (2, 1, 1)
    assert (total["classes"]["base"], total["on_time"]["of"], total["returned"]["of"]) == (1, 1, 1)
    assert total["satisfaction"]["not_returned"] == 1


async def test_groups_are_by_department_and_category_with_their_names(routing):
    await routing.handled("a")
    await routing.opened("b", "transport")
    await routing.opened("c", None)
    found = await report(routing.service)
    assert {(one["key"], one["name"], one["received"]) for one in found["departments"]} == {
        ("housing", "区housing", 1),
        ("transport", "区transport", 1),
        (None, None, 1),
    }
    categories = {(one["key"], one["name"]) for one in found["categories"]}
    assert categories == {("construction", "城乡建设"), ("transport", "交通运输"), (None, None)}
    assert {(p["label"], p["count"]) for p in found["phases"]} == {("提", 1), ("交", 1), ("办", 0), ("督", 1)}
    only = await report(routing.service, department="transport")
    assert (only["total"]["received"], only["department"]) == (1, "transport")


async def test_a_year_holds_what_was_opened_in_it_by_the_calendar_in_china(routing):
    new_year = datetime(2025, 12, 31, 16, tzinfo=UTC)
    await routing.opened("old", occurred_at=new_year - timedelta(seconds=1))
    await routing.opened("new", occurred_at=new_year)
    assert [(await report(routing.service, year=year))["total"]["received"] for year in (2024, 2025, 2026)] == [0, 1, 1]
    years = ok(await routing.get("/reports/years", since=2024, until=2026))["years"]
    assert [(one["key"], one["received"]) for one in years] == [("2025", 1), ("2026", 1)]


async def test_a_department_sees_its_own_cases_and_a_town_its_own_region(routing):
    await routing.handled("a")
    await routing.opened("b", "transport", region="320412002")
    assert (await report(routing.service, HOUSING))["total"]["received"] == 1
    assert (await report(routing.service, kit.token("department", organisation="ecology")))["total"]["received"] == 0
    assert (await report(routing.service, kit.token("desk", region="320412002")))["total"]["received"] == 1
    assert [one["key"] for one in (await report(routing.service, HOUSING))["departments"]] == ["housing"]
    refused(await routing.get("/reports/handling", kit.token("deputy"), year=2026), 403, "NotPermitted")


@pytest.mark.parametrize("query", [{}, {"year": 1999}, {"year": "last"}, {"year": 2026, "decimals": 5}, {"year": 2026, "decimals": -1}])
async def test_a_report_that_cannot_be_is_refused(routing, query):
    refused(await routing.get("/reports/handling", **query), 422, "InvalidRequest")


async def test_the_report_speaks_english_to_who_reads_it(routing):
    await routing.handled("a")
    answer = await routing.get("/reports/handling", {**DESK, "Accept-Language": "en"}, year=datetime.now(UTC).year)
    assert ok(answer)["total"]["classes"]["items"][0]["label"] == "Solved or adopted"
