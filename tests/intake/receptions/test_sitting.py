from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.receptions import rules
from services.intake.receptions.errors import MatterIsSettled, StageNotNext
from shared.events.directory import CodeRevoked
from shared.events.intake import OpinionClassified, OpinionSubmitted
from shared.events.intake_contacts import ContactLogged
from shared.events.intake_receptions import AttendanceRecorded, MatterStageReached, ReceptionConcluded
from tests import kit
from tests.intake import golden
from tests.intake.conftest import Place, code_text
from tests.intake.people import (
    AWAY,
    CITY,
    COUNTY,
    ENDED,
    NEAR,
    OTHER_STATION,
    OTHER_TOWN,
    STATION,
    VILLAGE,
    YEARS,
    at,
    clerk,
    deputy,
    refused,
    station_code,
    told,
    version,
)
from tests.intake.receptions.story import DAY, begun, planned

PERSON = {"name": "欧阳金丝雀", "phone": "13912345678"}
LIGHT = {"title": "路灯不亮", "text": "小区门口的路灯坏了一个月，电话13712345678"}


async def sign_in(place: Place, who: Any = NEAR, **body: Any) -> Any:
    return await place.post("/receptions/sign-in", {"code": station_code(), **body}, deputy(who))


async def receive(place: Place, reception: dict[str, Any], **body: Any) -> Any:
    return await place.post(f"/receptions/{reception['id']}/received", {"channel": "onsite", **body}, clerk())


async def attended(place: Place, reception: dict[str, Any], who: Any, presence: str, channel: str | None = None) -> Any:
    body = {"deputy_id": str(who), "presence": presence, **({"channel": channel} if channel else {})}
    return await place.post(f"/receptions/{reception['id']}/attendance", body, clerk())


async def test_a_deputy_signs_in_by_scanning_the_station_s_code_on_the_day(place: Place) -> None:
    reception = await planned(place, deputies=[str(NEAR)])
    refused(await sign_in(place), 409, "NoReceptionNow")
    place.go_to(at(DAY, "07:59"))
    refused(await sign_in(place), 409, "NoReceptionNow")
    place.go_to(at(DAY, "08:00"))
    first, second = await sign_in(place), await sign_in(place)
    assert (first.status_code, first.json()) == (200, second.json())
    assert (first.json()["reception_id"], first.json()["presence"], first.json()["by_code"]) == (reception["id"], "present", True)
    place.go_to(at(DAY, "11:31"))
    refused(await sign_in(place, COUNTY), 409, "NoReceptionNow")


async def test_a_deputy_who_was_not_expected_may_come_too_and_many_sign_in_at_once(place: Place) -> None:
    reception = await begun(place, deputies=[str(NEAR)])
    answers = await asyncio.gather(*(sign_in(place, who) for who in (NEAR, COUNTY, CITY, NEAR)))
    assert [a.status_code for a in answers] == [200] * 4
    detail = (await place.get(f"/receptions/{reception['id']}", clerk())).json()
    assert {(one["deputy_name"], one["presence"], one["channel"]) for one in detail["attendance"]} == {
        ("姜一诺", "present", "onsite"),
        ("陆雨桐", "present", "onsite"),
        ("沈佳禾", "present", "onsite"),
    }


async def test_a_wrong_code_or_a_mandate_that_ended_signs_nobody_in(place: Place) -> None:
    await begun(place)
    refused(await sign_in(place, code=station_code(OTHER_STATION)), 409, "NoReceptionNow")
    refused(await sign_in(place, code=code_text("deputy", target=NEAR)), 422, "CodeOfNoStation")
    refused(await sign_in(place, code="x" * 138), 404, "CodeNotGenuine")
    refused(await sign_in(place, ENDED), 409, "MandateNotActive")
    refused(await place.post("/receptions/sign-in", {"code": station_code()}, clerk()), 403, "NotPermitted")
    await place.service.deliver(CodeRevoked(code_id=golden.CODE, reason="rotated"))
    refused(await sign_in(place), 410, "CodeRevoked")
    assert not (await place.service.rows())["reception_attendance"]


async def test_where_several_are_held_at_once_the_deputy_names_one(place: Place) -> None:
    first, other = await planned(place), await planned(place, kind="council_hall")
    place.go_to(at(DAY, "09:05"))
    answer = await sign_in(place)
    refused(answer, 409, "SeveralReceptionsNow")
    assert set(answer.json()["receptions"]) == {first["id"], other["id"]}
    assert (await sign_in(place, reception_id=other["id"])).json()["reception_id"] == other["id"]


async def test_each_matter_of_a_person_received_becomes_an_opinion_with_a_number(place: Place) -> None:
    reception = await begun(place)
    two = [LIGHT, {"title": "幼儿园", "text": "学位不够", "category": "education"}]
    answer = await receive(place, reception, contact=PERSON, matters=two, declined=["in_court"])
    assert answer.status_code == 201, answer.text
    taken = answer.json()["taken"]
    assert (len(taken), answer.json()["declined"]) == (2, 1)
    opinions = await told(place.service, OpinionSubmitted)
    assert [(e.number, e.channel, e.target_id, e.region) for e in opinions] == [
        (one["number"], "station", STATION, VILLAGE) for one in taken
    ]
    assert {str(e.code_id) for e in opinions} == {reception["id"]}
    assert [e.category for e in await told(place.service, OpinionClassified)] == ["construction", "education"]
    tracked = await place.get(f"/opinions/{taken[0]['number']}", headers={"X-Lookup-Code": taken[0]["lookup_code"]})
    assert (tracked.status_code, tracked.json()["title"]) == (200, "路灯不亮")
    matters = (await place.get(f"/receptions/{reception['id']}/matters", clerk())).json()["items"]
    assert sorted((m["number"] or "", m["declined_label"] or "") for m in matters) == sorted(
        [("", "已进入诉讼"), *((one["number"], "") for one in taken)]
    )


async def test_who_was_received_is_in_no_list_no_event_and_no_row_in_the_clear(place: Place) -> None:
    reception = await begun(place)
    await receive(place, reception, contact=PERSON, matters=[LIGHT])
    rows = await place.service.rows()
    everything = json.dumps([e.data() for e in await place.service.outbox()], ensure_ascii=False)
    everything += (await place.get(f"/receptions/{reception['id']}/matters", clerk())).text
    everything += "".join("".join(lines) for name, lines in rows.items() if name != "opinion")
    for secret in (*PERSON.values(), "13712345678", PERSON["name"].encode().hex(), PERSON["phone"].encode().hex()):
        assert secret not in everything, secret
    assert len(rows["contact"]) == 1


async def test_an_unknown_ground_or_a_reception_not_begun_takes_nothing(place: Place) -> None:
    reception = await planned(place)
    refused(await receive(place, reception, matters=[LIGHT]), 409, "ReceptionNotBegun")
    place.go_to(at(DAY, "09:00"))
    refused(await receive(place, reception, matters=[LIGHT], declined=["unheard_of"]), 422, "GroundUnknown")
    rows = await place.service.rows()
    assert not any(rows[name] for name in ("opinion", "reception_received", "reception_matter"))
    refused(await place.post(f"/receptions/{reception['id']}/received", {"channel": "onsite"}, clerk(OTHER_TOWN)), 404, "ReceptionUnknown")


async def test_a_matter_goes_through_the_three_stages_each_told_and_kept(place: Place) -> None:
    reception = await begun(place)
    [taken] = (await receive(place, reception, matters=[LIGHT])).json()["taken"]
    path = f"/matters/{taken['matter_id']}/steps"
    skipped = await place.post(path, {"stage": "follow_up", "note": "直接督办"}, clerk(), **{"If-Match": "1"})
    refused(skipped, 422, "StageNotNext")
    studied = (await place.post(path, {"stage": "study", "note": "与专家研究，电话13712345678"}, clerk(), **{"If-Match": "1"})).json()
    assert (studied["stage_label"], studied["version"]) == ("专题研究", 2)
    refused(await place.post(path, {"stage": "follow_up", "note": "督办"}, clerk(), **{"If-Match": "1"}), 409, "StaleVersion")
    followed = (await place.post(path, {"stage": "follow_up", "note": "督办"}, clerk(), **version(studied))).json()
    settled = (await place.post(path, {"stage": "follow_up", "settled": True, "note": "已修好"}, clerk(), **version(followed))).json()
    assert settled["settled"] is True
    refused(await place.post(path, {"stage": "follow_up", "note": "再督办"}, clerk(), **version(settled)), 409, "MatterIsSettled")
    steps = (await place.get(path, clerk())).json()
    assert [(one["stage_label"], one["settled"]) for one in steps] == [("专题研究", False), ("跟踪督办", False), ("跟踪督办", True)]
    assert "13712345678" not in json.dumps(steps)
    reached = await told(place.service, MatterStageReached)
    assert [(e.stage, e.settled, e.version_no) for e in reached] == [("study", False, 2), ("follow_up", False, 3), ("follow_up", True, 4)]


@given(st.lists(st.tuples(st.sampled_from(rules.STAGES), st.booleans()), max_size=8))
def test_whatever_is_asked_a_matter_skips_no_stage_and_never_goes_back(asked: list[tuple[Any, bool]]) -> None:
    stage, settled, seen = "instant", False, ["instant"]
    for wanted, settles in asked:
        try:
            rules.check_step(stage, settled, wanted, settles)
        except (StageNotNext, MatterIsSettled):
            continue
        assert not settled
        stage, settled = wanted, settles
        seen.append(wanted)
    positions = [rules.STAGES.index(one) for one in seen]  # type: ignore[arg-type]
    assert all(0 <= after - before <= 1 for before, after in pairwise(positions))


async def test_concluding_tells_each_deputy_s_attendance_once_and_enters_the_contact_log(place: Place) -> None:
    reception = await begun(place, deputies=[str(NEAR), str(COUNTY), str(CITY)])
    await sign_in(place)
    await receive(place, reception, matters=[LIGHT])
    await receive(place, reception, channel="online")
    path = f"/receptions/{reception['id']}/conclude"
    answer = await place.post(path, {"audience": 3}, clerk(), **version(reception))
    refused(answer, 409, "AttendanceOpen")
    assert answer.json()["still"] == 2
    assert (await attended(place, reception, COUNTY, "present", "online")).status_code == 200
    assert (await attended(place, reception, CITY, "leave")).status_code == 200
    concluded = (await place.post(path, {"audience": 3}, clerk(), **version(reception))).json()
    assert (concluded["state"], concluded["persons"], concluded["matters"]) == ("held", 5, 1)
    recorded = {e.deputy_id: (e.presence, e.channel, e.by_code, e.on.isoformat()) for e in await told(place.service, AttendanceRecorded)}
    assert recorded == {
        NEAR: ("present", "onsite", True, DAY),
        COUNTY: ("present", "online", False, DAY),
        CITY: ("leave", None, False, DAY),
    }
    [whole] = await told(place.service, ReceptionConcluded)
    assert (whole.deputies_present, whole.persons, whole.matters, whole.declined) == (2, 5, 1, 0)
    logged = await told(place.service, ContactLogged)
    assert sorted((e.deputy_id, e.measures, e.channel) for e in logged) == [
        (NEAR, ("contact", "reception"), "onsite"),
        (COUNTY, ("contact", "reception"), "online"),
    ]
    refused(await place.post(path, {}, clerk(), **version(concluded)), 409, "ReceptionIsOver")
    refused(await receive(place, reception, matters=[LIGHT]), 409, "ReceptionIsOver")
    assert len(await told(place.service, AttendanceRecorded)) == 3


@pytest.mark.parametrize(
    ("presence", "channel", "code"),
    [("present", None, "ChannelMissing"), ("absent", "onsite", "ChannelMissing"), ("asleep", None, "InvalidRequest")],
)
async def test_attendance_that_does_not_fit_is_refused(place: Place, presence: str, channel: str | None, code: str) -> None:
    reception = await begun(place)
    refused(await attended(place, reception, NEAR, presence, channel), 422, code)


async def test_staff_do_not_overrule_a_signature_and_enter_presence_only_from_the_beginning_on(place: Place) -> None:
    reception = await planned(place, deputies=[str(NEAR), str(AWAY)])
    refused(await attended(place, reception, AWAY, "absent"), 409, "ReceptionNotBegun")
    assert (await attended(place, reception, AWAY, "leave")).status_code == 200
    place.go_to(at(DAY, "09:05"))
    await sign_in(place)
    refused(await attended(place, reception, NEAR, "absent"), 409, "SignedInByCode")


async def test_experts_sit_beside_the_deputies_where_the_kind_has_them(place: Place) -> None:
    experts = [{"name": "李某", "field": "立法咨询"}, {"name": "王某", "field": "环境法"}]
    made = await planned(place, kind="expert_reception", experts=experts)
    assert made["experts"] == experts


async def test_viewers_comment_on_a_live_stream_while_it_is_on_and_staff_decide_what_is_shown(place: Place) -> None:
    live = await planned(place, kind="live_stream", link="https://live.example.org/132")
    path = f"/public/receptions/{live['id']}"
    refused(await place.post(f"{path}/comments", {"text": "早"}), 409, "CommentsNotOpen")
    place.go_to(at(DAY, "10:00"))
    assert (await place.get(path)).json()["link"] == "https://live.example.org/132"
    sent = [(await place.post(f"{path}/comments", {"text": text})).json() for text in ("请打13912345678", "广告")]
    assert [one["state"] for one in sent] == ["pending", "pending"]
    assert (await place.get(f"{path}/comments")).json()["items"] == []
    staff = f"/receptions/{live['id']}/comments"
    assert len((await place.get(staff, clerk())).json()["items"]) == 2
    for one, show in zip(sent, (True, False), strict=True):
        assert (await place.post(f"{staff}/{one['id']}", {"show": show}, clerk())).status_code == 200
    assert [one["text"] for one in (await place.get(f"{path}/comments")).json()["items"]] == ["请打1*********8"]
    refused(await place.post(f"{staff}/{sent[0]['id']}", {"show": False}, clerk(OTHER_TOWN)), 404, "ReceptionUnknown")
    quiet = await planned(place, starts_at="2026-06-20T09:00:00+08:00", ends_at="2026-06-20T10:00:00+08:00")
    place.go_to(at("2026-06-20", "09:30"))
    refused(await place.post(f"/public/receptions/{quiet['id']}/comments", {"text": "早"}), 409, "CommentsNotOpen")


async def test_a_matter_of_a_neighbouring_congress_is_handed_to_it_and_to_nobody_who_does_not_take_part(place: Place) -> None:
    reception = await begun(place, kind="neighbours", partners=[OTHER_TOWN, "320614"])
    for region in ("320614", "320412"):
        refused(await receive(place, reception, matters=[{**LIGHT, "region": region}]), 422, "RegionNotOfMeeting")
    answer = await receive(place, reception, matters=[{**LIGHT, "region": OTHER_TOWN}, LIGHT])
    assert answer.status_code == 201, answer.text
    there = kit.token("desk", region=OTHER_TOWN, expires_in=YEARS)
    [mine] = (await place.get("/opinions", there)).json()["items"]
    assert mine["number"] == answer.json()["taken"][0]["number"]
    regions = {event.number: event.region for event in await told(place.service, OpinionSubmitted)}
    assert sorted(regions.values()) == sorted([OTHER_TOWN, reception["region"]])
