from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from services.intake.receptions.clock import reception_notices
from shared.events.intake_receptions import ReceptionAnnounced, ReceptionCancelled, ReceptionPlanned
from tests.intake.conftest import Place
from tests.intake.people import AWAY, ENDED, NEAR, OTHER_TOWN, STATION, TOWN, VILLAGE, at, clerk, deputy, desk, refused, told, version
from tests.intake.receptions.story import meeting, planned


async def swept(place: Place) -> int:
    async with place.service.tx() as tx:
        return await reception_notices(tx)


async def plan_of(place: Place, year: int) -> dict[str, Any]:
    answer = await place.get("/receptions/plan", clerk(), calendar="contact_day", year=year)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_clerk_sees_a_year_by_the_rule_and_saves_what_was_seen(place: Place) -> None:
    plan = await plan_of(place, 2026)
    assert (plan["label"], plan["counted"], plan["day_off_rule"]) == ("132 代表联系服务群众日", "week_of_month", "next_workday")
    days = {one["month"]: one for one in plan["days"]}
    assert (days["2026-06-01"]["on"], days["2026-06-01"]["other_reading"]) == ("2026-06-16", None)
    assert (days["2026-07-01"]["on"], days["2026-07-01"]["other_reading"]) == ("2026-07-14", "2026-07-21")
    assert not (await place.service.rows())["reception"]
    wanted = [one["on"] for one in plan["days"] if one["on"] > "2026-06-01"]
    saved = await place.post(
        "/receptions/plan",
        {
            "calendar": "contact_day",
            "year": 2026,
            "days": wanted,
            "theme": "132 接待日",
            "station_id": str(STATION),
            "deputies": [str(NEAR)],
        },
        clerk(),
    )
    assert saved.status_code == 201, saved.text
    assert [one["starts_at"] for one in saved.json()] == [f"{day}T01:00:00Z" for day in wanted]
    assert len(await told(place.service, ReceptionPlanned)) == len(wanted) == 7
    listed = (await place.get("/public/receptions", region=TOWN)).json()["items"]
    assert [(one["kind_label"], one["region"]) for one in listed] == [("代表联系服务群众日", VILLAGE)] * 7


async def test_a_moved_day_keeps_the_rule_s_day_and_an_uncovered_year_says_so(place: Place) -> None:
    place.go_to(at("2026-12-20"))
    assert {one["provisional"] for one in (await plan_of(place, 2027))["days"]} == {True}
    body = {"calendar": "contact_day", "year": 2027, "days": ["2027-01-12"], "theme": "132", "station_id": str(STATION)}
    [saved] = (await place.post("/receptions/plan", body, clerk())).json()
    assert (saved["provisional"], saved["by_rule"]) == (True, None)


async def test_a_day_that_the_rule_does_not_give_saves_none_of_them(place: Place) -> None:
    body = {"calendar": "contact_day", "year": 2026, "theme": "132", "station_id": str(STATION)}
    # The third Tuesday of July is the 21st; the Tuesday of the third week is the 14th.
    answer = await place.post("/receptions/plan", {**body, "days": ["2026-06-16", "2026-07-21"]}, clerk())
    refused(answer, 422, "PlanDiffers")
    assert answer.json()["day"] == "2026-07-21"
    unheard = {**body, "calendar": "unheard_of", "days": ["2026-06-16"]}
    refused(await place.post("/receptions/plan", unheard, clerk()), 422, "CalendarUnknown")
    assert not (await place.service.rows())["reception"]


async def test_planning_a_day_twice_is_refused_also_side_by_side(place: Place) -> None:
    answers = await asyncio.gather(*(place.post("/receptions", meeting(), clerk()) for _ in range(4)))
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"AlreadyPlanned"}
    assert len(await told(place.service, ReceptionPlanned)) == 1


async def test_after_cancelling_the_time_is_free_again(place: Place) -> None:
    first = await planned(place)
    path = f"/receptions/{first['id']}"
    cancelled = (await place.post(f"{path}/cancel", {"reason": "防汛"}, clerk(), **version(first))).json()
    assert (cancelled["state"], cancelled["cancelled_because"]) == ("cancelled", "防汛")
    refused(await place.post(f"{path}/cancel", {"reason": "再次"}, clerk(), **version(cancelled)), 409, "ReceptionIsOver")
    await planned(place)
    assert len(await told(place.service, ReceptionCancelled)) == 1


async def test_moving_asks_for_the_version_and_a_free_time(place: Place) -> None:
    first, other = await planned(place), await planned(place, starts_at="2026-06-17T09:00:00+08:00", ends_at="2026-06-17T11:00:00+08:00")
    path = f"/receptions/{other['id']}/move"
    taken = {"starts_at": first["starts_at"], "ends_at": first["ends_at"]}
    refused(await place.post(path, taken, clerk(), **version(other)), 409, "AlreadyPlanned")
    refused(await place.post(path, taken, clerk()), 428, "VersionMissing")
    free = {"starts_at": "2026-06-18T09:00:00+08:00", "ends_at": "2026-06-18T11:00:00+08:00"}
    moved = (await place.post(path, free, clerk(), **version(other))).json()
    assert (moved["starts_at"], moved["version"]) == ("2026-06-18T01:00:00Z", 2)
    refused(await place.post(path, free, clerk(), **version(other)), 409, "StaleVersion")


async def test_a_reception_that_was_announced_and_then_moved_is_announced_anew(place: Place) -> None:
    reception = await planned(place)
    place.go_to(at("2026-06-13"))
    assert await swept(place) == 1
    later = {"starts_at": "2026-06-18T09:00:00+08:00", "ends_at": "2026-06-18T11:00:00+08:00"}
    assert (await place.post(f"/receptions/{reception['id']}/move", later, clerk(), **version(reception))).status_code == 200
    assert await swept(place) == 0
    place.go_to(at("2026-06-15"))
    assert await swept(place) == 1
    assert [e.starts_at for e in await told(place.service, ReceptionAnnounced)] == [at("2026-06-16", "09:00"), at("2026-06-18", "09:00")]


async def test_the_notice_is_told_three_days_before_once_to_those_expected(place: Place) -> None:
    reception = await planned(place, deputies=[str(NEAR)])
    place.go_to(at("2026-06-12", "23:59"))
    assert await swept(place) == 0
    place.go_to(at("2026-06-13", "00:00"))
    async with place.service.tx() as first, place.service.tx() as second:
        assert [await reception_notices(first), await reception_notices(second)] == [1, 0]
    place.go_to(at("2026-06-15"))
    assert await swept(place) == 0
    announced = await told(place.service, ReceptionAnnounced)
    assert [(str(e.reception_id), e.deputies, e.station_id) for e in announced] == [(reception["id"], (NEAR,), STATION)]


async def test_too_short_a_notice_needs_a_reason_and_the_reason_is_kept_masked(place: Place) -> None:
    soon = {"starts_at": "2026-06-03T09:00:00+08:00", "ends_at": "2026-06-03T11:00:00+08:00"}
    answer = await place.post("/receptions", meeting(**soon), clerk())
    refused(answer, 422, "NoticeTooShort")
    assert (answer.json()["day"], answer.json()["notice_days"]) == ("2026-06-03", 3)
    made = await planned(place, **soon, short_notice_reason="暴雨积水，联系 13912345678")
    assert made["short_notice_reason"] == "暴雨积水，联系 1*********8"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"kind": "unheard_of"}, 422, "KindUnknown"),
        ({"station_id": None}, 422, "PlaceMissing"),
        ({"place": "村口"}, 422, "PlaceMissing"),
        ({"station_id": None, "place": "村口"}, 422, "PlaceMissing"),
        ({"station_id": str(uuid.UUID(int=1))}, 422, "StationUnknown"),
        ({"station_id": None, "place": "村口", "region": OTHER_TOWN}, 403, "RegionOutOfReach"),
        ({"deputies": [str(uuid.UUID(int=1))]}, 422, "DeputyUnknown"),
        ({"deputies": [str(ENDED)]}, 409, "MandateNotActive"),
        ({"ends_at": "2026-06-16T08:00:00+08:00"}, 422, "TimesNotInOrder"),
        ({"starts_at": "2026-05-16T09:00:00+08:00"}, 422, "TimesNotInOrder"),
        ({"starts_at": "2026-06-16T09:00:00"}, 422, "InvalidRequest"),
        ({"kind": "live_stream"}, 422, "LinkMissing"),
        ({"link": "javascript:alert(1)"}, 422, "InvalidRequest"),
        ({"partners": ["320681"]}, 422, "FeatureNotOfKind"),
        ({"experts": [{"name": "李某", "field": "立法"}]}, 422, "FeatureNotOfKind"),
        ({"more": 1}, 422, "InvalidRequest"),
    ],
)
async def test_what_does_not_fit_is_refused_and_keeps_nothing(place: Place, changes: dict[str, Any], status: int, code: str) -> None:
    refused(await place.post("/receptions", meeting(**changes), clerk()), status, code)
    assert not (await place.service.rows())["reception"]
    assert not await place.service.outbox()


async def test_neighbouring_congresses_meet_across_regions_and_the_event_names_them(place: Place) -> None:
    partners = ["310151", "320614", "320681"]
    body = meeting(kind="neighbours", station_id=None, place="江海议事厅", region=TOWN, partners=partners)
    made = (await place.post("/receptions", body, clerk())).json()
    assert (made["kind_label"], made["partners"], made["place"]) == ("毗邻人大", partners, "江海议事厅")
    [event] = await told(place.service, ReceptionPlanned)
    assert event.partners == tuple(partners)


async def test_each_kind_of_meeting_of_the_place_can_be_planned(place: Place) -> None:
    policy = place.service.database.policy.receptions
    for n, kind in enumerate(policy.kinds):
        day = f"2026-07-{n + 1:02}"
        extra = {"link": "https://live.example.org/1"} if kind.link else {}
        body = meeting(kind=kind.code, starts_at=f"{day}T09:00:00+08:00", ends_at=f"{day}T10:00:00+08:00", **extra)
        assert (await place.post("/receptions", body, clerk())).status_code == 201, kind.code
    zh = {kind.label.zh for kind in policy.kinds}
    assert {"主任接待日", "企业家代表直通车", "代表走访月", "主题接待（云上云下）", "代表回选区联系服务群众周"} <= zh
    assert {"代表约见", "代表议事会", "流动议事厅", "毗邻人大", "云直播", "屏对屏"} <= zh


async def test_staff_see_and_change_their_region_only(place: Place) -> None:
    made = await planned(place)
    elsewhere = clerk(OTHER_TOWN)
    assert (await place.get("/receptions", elsewhere)).json()["items"] == []
    refused(await place.get(f"/receptions/{made['id']}", elsewhere), 404, "ReceptionUnknown")
    refused(await place.post(f"/receptions/{made['id']}/cancel", {"reason": "不办了"}, elsewhere, **version(made)), 404, "ReceptionUnknown")
    refused(await place.post("/receptions", meeting(), elsewhere), 403, "RegionOutOfReach")
    refused(await place.post("/receptions", meeting(), deputy(AWAY)), 403, "NotPermitted")
    assert len((await place.get("/receptions", desk("leader"))).json()["items"]) == 1
    assert "attendance" not in (await place.get(f"/public/receptions/{made['id']}")).json()
