"""Which departments are proposed for a case: the rule first, then who finally handled the like; load is information only."""

from __future__ import annotations

from typing import Any

import pytest

from services.routing.proposals import rules
from services.routing.settings import Category, Proposals
from tests import kit
from tests.routing import golden
from tests.routing.conftest import Routing, ok, refused

POLICY = Proposals(last=200, least=3)


async def handled_by(routing: Routing, lead: str, many: int, **changes: Any) -> None:
    who = kit.token("department", organisation=lead)
    for n in range(many):
        name = f"{lead}{n}{changes.get('region', '')}"
        case = await routing.opened(name, "construction", source="none", confidence=0.1, **changes)
        ok(await routing.act(name, "assign", case["version"], {"lead": lead}))
        ok(await routing.act(name, "accept", case["version"] + 1, None, who))


async def proposals(routing: Routing, name: str = "a", **headers: str) -> dict[str, Any]:
    path = f"/cases/{golden.case_id(name)}/proposals"
    return ok(await routing.service.client.get(path, headers={**kit.token("desk"), **headers}))


async def test_departments_are_ranked_with_reasons_that_each_have_their_base(routing):
    await handled_by(routing, "transport", 3)
    await handled_by(routing, "ecology", 1)
    await routing.opened("a", "construction", source="none", confidence=0.1)
    found = await proposals(routing)
    assert [(one["rank"], one["department"], one["name"]) for one in found["items"]] == [
        (1, "housing", "区housing"),
        (2, "transport", "区transport"),
        (3, "ecology", "区ecology"),
    ]
    assert found["base"] == 4
    housing, transport, ecology = ({reason["kind"]: reason for reason in one["reasons"]} for one in found["items"])
    assert housing["rule"]["text"] == "本地规则：“城乡建设”类由该单位主办" and "past" not in housing
    assert (transport["past"]["n"], transport["past"]["of"], transport["past"]["percent"], transport["past"]["basis"]) == (
        3,
        4,
        "75.0",
        "category",
    )
    assert transport["past"]["text"] == "同类别最近办理的 4 件中，3 件由该单位主办（75.0%）"
    assert (ecology["load"]["n"], housing["load"]["n"]) == (1, 0)
    english = await proposals(routing, **{"Accept-Language": "en"})
    assert english["items"][1]["reasons"][0]["text"] == "3 of the newest 4 cases of this category were handled by it (75.0 %)"


async def test_a_case_that_is_objected_to_speaks_for_nobody_and_one_that_was_for_whom_it_went_to(routing):
    case = await routing.opened("objected")
    ok(await routing.act("objected", "object", case["version"], {"reason": "不属于本单位"}))
    await routing.opened("a", "construction", source="none", confidence=0.1)
    assert (await proposals(routing))["base"] == 0
    ok(await routing.act("objected", "assign", 3, {"lead": "transport"}))
    ok(await routing.act("objected", "accept", 4, None, kit.token("department", organisation="transport")))
    found = await proposals(routing)
    assert [(one["department"], one["reasons"][0]["kind"]) for one in found["items"]] == [("housing", "rule"), ("transport", "past")]


async def test_ten_cases_of_the_region_alone_are_enough(routing):
    await handled_by(routing, "transport", 10, region="320412001")
    await handled_by(routing, "ecology", 2, region="320412002")
    await routing.opened("a", "construction", source="none", confidence=0.1, region="320412001")
    found = await proposals(routing)
    assert (found["base"], [one["department"] for one in found["items"]]) == (10, ["housing", "transport"])
    await routing.opened("b", "construction", source="none", confidence=0.1, region="320412002")
    assert (await proposals(routing, "b"))["base"] == 12


async def test_without_a_category_nothing_is_proposed_and_a_department_may_not_ask(routing):
    await routing.opened("a", None)
    assert (await proposals(routing))["items"] == []
    path = f"/cases/{golden.case_id('a')}/proposals"
    refused(await routing.get(path, kit.token("department")), 403, "NotPermitted")
    refused(await routing.get(path, kit.token("desk", region="320413")), 404, "CaseNotFound")


@pytest.mark.parametrize(("region", "lead", "part"), [("320412001003", "town", "320412001"), ("320412002", "housing", None)])
def test_the_rule_of_the_region_is_named_with_its_region(region, lead, part):
    category = Category(code="construction", lead="housing", regions={"320412001": "town"})
    assert rules.by_rule(category, region) == (lead, rules.ByRule("construction", part))
    assert rules.by_rule(Category(code="economy"), region) is None


def test_who_is_not_active_any_more_is_not_proposed_but_stays_in_the_base():
    counts, basis = rules.like_it([("gone", "1"), ("gone", "1"), ("here", "1")], "2", POLICY)
    (one,) = rules.ranked(None, counts, basis, frozenset({"here"}))
    assert (one.department, one.past) == ("here", rules.ByPast(1, 3, "category"))
