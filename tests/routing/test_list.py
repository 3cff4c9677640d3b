"""Lists by page and filter, and the report of result classes."""

from __future__ import annotations

import pytest

from tests import kit
from tests.routing import golden
from tests.routing.conftest import answering, ok, refused


async def _pages(routing, who=None, **query) -> list[list[str]]:
    pages, cursor = [], None
    while not pages or cursor:
        body = ok(await routing.get("/cases", who, **query, **({"cursor": cursor} if cursor else {})))
        pages.append([case["number"].rpartition("-")[2].lower() for case in body["items"]])
        cursor = body["next_cursor"]
    return pages


@pytest.fixture
async def seven(routing):
    """Seven cases: four of housing, three of transport; two pairs arose at the same moment."""
    minutes = {"c0": 0, "c1": 1, "c2": 1, "c3": 2, "c4": 3, "c5": 3, "c6": 4}
    category = {name: "transport" if name in ("c1", "c3", "c6") else "construction" for name in minutes}
    await routing.service.deliver(*[golden.opinion(minute, name, category[name]) for name, minute in minutes.items()])
    return routing


async def test_pages_hold_every_case_once_the_newest_first(seven):
    pages = await _pages(seven, limit=3)
    assert [len(page) for page in pages] == [3, 3, 1]
    names = [name for page in pages for name in page]
    assert [names[0], set(names[1:3]), names[3], set(names[4:6]), names[6]] == ["c6", {"c4", "c5"}, "c3", {"c1", "c2"}, "c0"]


async def test_a_department_pages_through_its_own_cases_and_the_desk_through_a_departments(seven):
    of_transport = [["c6", "c3"], ["c1"]]
    assert await _pages(seven, kit.token("department", organisation="transport"), limit=2) == of_transport
    assert await _pages(seven, limit=2, department="transport") == of_transport
    assert await _pages(seven, kit.token("department"), department="transport") == [[]]


async def test_a_list_is_narrowed_by_status(seven):
    ok(await seven.act("c0", "accept", 2))
    assert await _pages(seven, status="accepted") == [["c0"]]
    assert len((await _pages(seven, status="assigned", department="housing"))[0]) == 3


async def test_a_list_carries_no_text(seven):
    case = (await seven.get("/cases")).json()["items"][0]
    assert {"id", "number", "status", "version", "department", "round", "title", "reply_due_at"} <= set(case)
    assert "text" not in case


@pytest.mark.parametrize("query", [{"limit": 101}, {"limit": 0}, {"status": "lost"}, {"overdue": "perhaps"}, {"q": "长" * 101}])
async def test_a_query_that_does_not_fit_is_refused(routing, query):
    refused(await routing.get("/cases", **query), 422, "InvalidRequest")


@pytest.mark.parametrize("cursor", ["x", "W10", "W1siaSIsMV1d"])
async def test_a_cursor_of_something_else_is_refused(routing, cursor):
    refused(await routing.get("/cases", cursor=cursor), 400, "CursorNotReadable")


async def test_class_shares_add_up_and_name_their_base(routing):
    for name, code in (("a", "A"), ("b", "A"), ("c", "B")):
        case = await routing.handled(name, until="accepted")
        ok(await routing.act(name, "reply", case["version"], answering(routing.service.database.policy, code)))
    await routing.opened("not_replied")
    report = ok(await routing.get("/reports/classes"))
    assert report["base"] == 3
    assert [(i["class"], i["count"], i["share"]) for i in report["items"]] == [("A", 2, "66.7"), ("B", 1, "33.3"), ("C", 0, "0.0")]
    assert report["items"][0]["label"] == "已解决或者采纳"
    assert ok(await routing.get("/reports/classes", department="transport"))["base"] == 0
    assert ok(await routing.get("/reports/classes", kit.token("department", organisation="transport")))["base"] == 0
    assert ok(await routing.get("/reports/classes", kit.token("department")))["base"] == 3


async def test_the_newest_reply_of_a_case_is_what_counts(routing):
    case = await routing.handled("a")
    await routing.rate("a", 1, "dissatisfied")
    ok(await routing.act("a", "accept", case["version"] + 1))
    ok(await routing.act("a", "reply", case["version"] + 2, answering(routing.service.database.policy, "C")))
    assert [i["count"] for i in ok(await routing.get("/reports/classes"))["items"]] == [0, 0, 1]
