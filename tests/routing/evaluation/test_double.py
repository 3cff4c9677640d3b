"""Double rating (双测评): two records for each reply, which of them decides, and where they differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
import time_machine

from shared.events.routing import CaseClosed, CaseReopened
from shared.events.routing_evaluation import OpinionFormNotReturned, SuggestionRated
from shared.workdays import CHINA
from tests import kit
from tests.routing.conftest import ok, refused
from tests.routing.evaluation.stories import at_place, evaluation, paper, rate, rating, replied, swept

YEAR = datetime.now(CHINA).year


@pytest_asyncio.fixture
async def tongzhou(running):
    """Tongzhou asks for both channels, and its paper form decides."""
    return await at_place(running, "tongzhou")


async def test_both_channels_are_kept_and_the_place_s_one_decides(tongzhou):
    await replied(tongzhou)
    seen = ok(await rate(tongzhou, "a", rating("dissatisfied")))
    assert (seen["status"], seen["forms"][0]["state"]) == ("replied", "open")
    seen = ok(await paper(tongzhou, "a", rating("satisfied")))
    assert (seen["status"], seen["forms"][0]["state"]) == ("closed", "returned")
    assert [(one["channel"], one["result"]) for one in seen["forms"][0]["ratings"]] == [("net", "dissatisfied"), ("paper", "satisfied")]
    assert [one.level for one in await tongzhou.told(CaseClosed)] == ["satisfied"]
    assert len(await tongzhou.told(SuggestionRated)) == 2
    refused(await paper(tongzhou, "a", rating()), 409, "AlreadyRated")


async def test_the_other_channel_is_kept_though_the_case_has_moved_on_and_moves_nothing(tongzhou):
    await replied(tongzhou)
    assert ok(await paper(tongzhou, "a", rating("dissatisfied")))["round"] == 2
    seen = ok(await rate(tongzhou, "a", rating("satisfied", round_=1)))
    assert (seen["status"], seen["round"], seen["forms"][0]["state"]) == ("assigned", 2, "returned")
    assert len(await tongzhou.told(CaseReopened)) == 1


@pytest.mark.parametrize(("level", "status", "round_"), [("satisfied", "closed", 1), ("dissatisfied", "assigned", 2)])
async def test_at_the_end_the_channel_that_came_back_decides(tongzhou, level, status, round_):
    await replied(tongzhou)
    ok(await rate(tongzhou, "a", rating(level)))
    with time_machine.travel(datetime.now(UTC) + timedelta(days=90), tick=False):
        assert (await swept(tongzhou), await swept(tongzhou)) == (1, 0)
        case = await tongzhou.case("a")
        assert (case["status"], case["round"]) == (status, round_)
        assert (await evaluation(tongzhou))["forms"][0]["state"] == "returned"
    assert await tongzhou.told(OpinionFormNotReturned) == []


async def test_the_mismatch_report_lists_what_differs_with_its_base_in_pages(tongzhou):
    pairs = {"a": ("satisfied", "satisfied"), "b": ("satisfied", "dissatisfied"), "c": ("basically_satisfied", "satisfied")}
    for name, (net, on_paper) in pairs.items():
        await replied(tongzhou, name)
        ok(await rate(tongzhou, name, rating(net)))
        ok(await paper(tongzhou, name, rating(on_paper)))
    await replied(tongzhou, "d")
    ok(await rate(tongzhou, "d", rating("dissatisfied")))
    first = ok(await tongzhou.get("/reports/mismatch", year=YEAR, limit=1))
    rest = ok(await tongzhou.get("/reports/mismatch", year=YEAR, limit=1, cursor=first["next_cursor"]))
    assert (first["sent"], first["base"], first["differing"]) == (4, 3, 2)
    found = [(one["number"][-1], one["net_result"], one["paper_result"]) for one in first["items"] + rest["items"]]
    assert found == [("C", "basically_satisfied", "satisfied"), ("B", "satisfied", "dissatisfied")]
    assert rest["next_cursor"] is None
    for query in ({"who": kit.token("desk", region="320413")}, {"department": "transport"}):
        assert ok(await tongzhou.get("/reports/mismatch", year=YEAR, **query))["sent"] == 0
    refused(await tongzhou.get("/reports/mismatch", kit.token("department"), year=YEAR), 403, "NotPermitted")


async def test_in_tongzhou_both_channels_at_a_hundred_percent_leave_the_mismatch_report_empty(tongzhou):
    for n in range(12):
        await replied(tongzhou, f"t{n}")
        ok(await rate(tongzhou, f"t{n}", rating()))
        ok(await paper(tongzhou, f"t{n}", rating()))
    found = ok(await tongzhou.get("/reports/mismatch", year=YEAR))
    assert (found["items"], found["sent"], found["base"], found["differing"]) == ([], 12, 12, 0)
    satisfied = ok(await tongzhou.get("/reports/handling", year=YEAR, matter="suggestion"))["total"]["satisfaction"]
    assert (satisfied["base"], satisfied["rated"], satisfied["percent"]) == (12, 12, "100.00")
