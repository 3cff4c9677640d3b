from __future__ import annotations

import uuid
from typing import Any

import pytest

from services.intake.campaigns.clock import ended_campaigns
from shared.events.intake import OpinionClassified, OpinionSubmitted
from shared.events.intake_campaigns import CampaignAnnounced, CampaignClosed, CampaignReported
from tests import kit
from tests.intake.conftest import Place, code_text, form
from tests.intake.people import TOWN, at, desk, refused, told, version


def call(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "livelihood_projects",
        "title": "2027 年民生实事项目征集",
        "text": "请您提出身边最需要办的一件实事。",
        "region": TOWN,
        "categories": ["construction", "education"],
        "opens_on": "2026-06-03",
        "closes_on": "2026-06-10",
        **changes,
    }


async def entered(place: Place, **changes: Any) -> dict[str, Any]:
    answer = await place.post("/campaigns", call(**changes), desk())
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def by_code(campaign: dict[str, Any], **changes: Any) -> dict[str, Any]:
    code = code_text("campaign", target=uuid.UUID(campaign["id"]), region=TOWN)
    return form(code=code, category="education", **changes)


async def swept(place: Place) -> int:
    async with place.service.tx() as tx:
        return await ended_campaigns(tx)


async def test_a_call_takes_opinions_in_its_window_only_its_last_day_whole(place: Place) -> None:
    campaign = await entered(place)
    refused(await place.post("/opinions", by_code(campaign)), 409, "CampaignNotOpenYet")
    for moment in (at("2026-06-03", "00:00"), at("2026-06-10", "23:59")):
        place.go_to(moment)
        assert (await place.post("/opinions", by_code(campaign))).status_code == 201
    place.go_to(at("2026-06-11", "00:00"))
    refused(await place.post("/opinions", by_code(campaign)), 410, "CampaignIsClosed")
    submitted = await told(place.service, OpinionSubmitted)
    assert {(e.channel, str(e.target_id), e.region) for e in submitted} == {("campaign", campaign["id"], TOWN)}


async def test_a_call_takes_its_categories_and_the_page_needs_no_code(place: Place) -> None:
    campaign = await entered(place, opens_on="2026-06-01")
    path = f"/campaigns/{campaign['id']}/opinions"
    answer = await place.post(path, {"title": "学校", "text": "小学门口没有斑马线", "category": "health"})
    refused(answer, 422, "CategoryNotAsked")
    assert answer.json()["asked"] == "construction、education"
    assert (await place.post(path, {"title": "学校", "text": "门口没有斑马线", "category": "education"})).status_code == 201
    assert (await place.post(path, {"title": "建议", "text": "希望越来越好"})).status_code == 201
    detail = (await place.get(f"/campaigns/{campaign['id']}")).json()
    assert (detail["state"], detail["received_so_far"]) == ("open", 2)
    assert [(c["category"], c["label"], c["received"]) for c in detail["by_category"]] == [("education", "教育文体", 1), (None, None, 1)]
    assert [e.category for e in await told(place.service, OpinionClassified)] == ["education", None]


async def test_a_code_of_no_call_is_refused_and_keeps_nothing(place: Place) -> None:
    refused(await place.post("/opinions", form(code=code_text("campaign", target=uuid.uuid4(), region=TOWN))), 404, "CampaignUnknown")
    assert not (await place.service.rows())["opinion"]


async def test_before_it_opens_all_may_be_changed_and_after_that_its_last_day_only(place: Place) -> None:
    campaign = await entered(place)
    body = {name: campaign[name] for name in ("title", "text", "categories", "opens_on", "closes_on")}
    committee = desk()
    path = f"/campaigns/{campaign['id']}"
    changed = await place.service.client.put(path, json={**body, "title": "实事征集"}, headers={**committee, **version(campaign)})
    assert (changed.status_code, changed.json()["title"], changed.json()["version"]) == (200, "实事征集", 2)
    refused(await place.service.client.put(path, json=body, headers={**committee, "If-Match": "1"}), 409, "StaleVersion")
    place.go_to(at("2026-06-05"))
    refused(await place.service.client.put(path, json=body, headers={**committee, "If-Match": "2"}), 409, "WindowHasBegun")
    longer = {**body, "title": "实事征集", "closes_on": "2026-06-20"}
    assert (await place.service.client.put(path, json=longer, headers={**committee, "If-Match": "2"})).json()["closes_on"] == "2026-06-20"
    past = {**longer, "closes_on": "2026-06-04"}
    refused(await place.service.client.put(path, json=past, headers={**committee, "If-Match": "3"}), 422, "WindowNotInOrder")
    assert [e.version_no for e in await told(place.service, CampaignAnnounced)] == [1, 2, 3]


async def test_the_end_of_a_window_is_told_once_with_what_was_received(place: Place) -> None:
    campaign = await entered(place, opens_on="2026-06-01")
    for _ in range(3):
        await place.post("/opinions", by_code(campaign))
    assert await swept(place) == 0
    place.go_to(at("2026-06-11", "00:00"))
    async with place.service.tx() as first, place.service.tx() as second:
        assert [await ended_campaigns(first), await ended_campaigns(second)] == [1, 0]
    assert await swept(place) == 0
    closed = await told(place.service, CampaignClosed)
    assert [(str(e.campaign_id), e.received, e.early) for e in closed] == [(campaign["id"], 3, False)]


async def test_a_call_is_closed_early_with_a_reason_for_the_public_and_its_outcome_published_once(place: Place) -> None:
    campaign = await entered(place, opens_on="2026-06-01")
    await place.post("/opinions", by_code(campaign))
    committee = desk()
    path = f"/campaigns/{campaign['id']}"
    refused(await place.post(f"{path}/outcome", {"outcome": "列入项目 3 个"}, committee, **version(campaign)), 409, "CampaignStillOpen")
    closed = (await place.post(f"{path}/close", {"reason": "已征集到足够意见"}, committee, **version(campaign))).json()
    assert (closed["state"], closed["received"], closed["closed_because"]) == ("closed", 1, "已征集到足够意见")
    refused(await place.post("/opinions", by_code(campaign)), 410, "CampaignIsClosed")
    reported = (await place.post(f"{path}/outcome", {"outcome": "列入项目 3 个"}, committee, **version(closed))).json()
    assert (await place.get(path)).json()["outcome"] == "列入项目 3 个"
    refused(await place.post(f"{path}/outcome", {"outcome": "改"}, committee, **version(reported)), 422, "InvalidRequest")
    refused(await place.post(f"{path}/outcome", {"outcome": "改为 4 个"}, committee, **version(reported)), 409, "CampaignIsReported")
    assert [e.received for e in await told(place.service, CampaignReported)] == [1]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"categories": ["unheard_of"]}, 422, "CategoryUnknown"),
        ({"closes_on": "2026-06-02"}, 422, "WindowNotInOrder"),
        ({"opens_on": "2026-05-01", "closes_on": "2026-05-31"}, 422, "WindowNotInOrder"),
        ({"region": "320413"}, 403, "RegionOutOfReach"),
        ({"kind": "anything"}, 422, "InvalidRequest"),
        ({"title": "x" * 201}, 422, "InvalidRequest"),
    ],
)
async def test_what_does_not_fit_is_refused_and_keeps_nothing(place: Place, changes: dict[str, Any], status: int, code: str) -> None:
    refused(await place.post("/campaigns", call(**changes), desk()), status, code)
    assert not (await place.service.rows())["campaign"]
    assert not await place.service.outbox()


async def test_calls_are_listed_by_state_and_by_the_place_they_reach(place: Place) -> None:
    for opens, closes, region in (
        ("2026-06-01", "2026-06-02", TOWN),
        ("2026-06-05", "2026-06-09", "320412"),
        ("2026-06-06", "2026-06-09", "320412102"),
    ):
        await entered(place, opens_on=opens, closes_on=closes, region=region)

    async def listed(**query: Any) -> list[str]:
        return [one["opens_on"] for one in (await place.get("/campaigns", **query)).json()["items"]]

    assert await listed() == ["2026-06-06", "2026-06-05", "2026-06-01"]
    assert await listed(state="open") == ["2026-06-01"]
    assert await listed(region=f"{TOWN}001") == ["2026-06-05", "2026-06-01"]
    first = (await place.get("/campaigns", limit=2)).json()
    assert await listed(limit=2, cursor=first["next_cursor"]) == ["2026-06-01"]
    place.go_to(at("2026-06-07"))
    assert await listed(state="closed") == ["2026-06-01"]


async def test_only_the_desk_enters_calls(place: Place) -> None:
    for role in ("station", "leader", "auditor"):
        refused(await place.post("/campaigns", call(), kit.token(role)), 403, "NotPermitted")
    refused(await place.post("/campaigns", call()), 401, "NotSignedIn")
