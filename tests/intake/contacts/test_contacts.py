from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import pytest

from services.intake.contacts.clock import minimum_reminders
from shared.events.directory import RegionChanged
from shared.events.intake import OpinionSubmitted
from shared.events.intake_contacts import ContactLogged, ContactsFoundBelowMinimum, ContactStruckOut, LinkEnded, LinkMade
from tests.intake.conftest import Place
from tests.intake.people import (
    AWAY,
    CITY,
    COUNTY,
    ENDED,
    IN_ZONE,
    NEAR,
    OTHER_TOWN,
    TOWN,
    VILLAGE,
    at,
    clerk,
    deputy,
    desk,
    mandate,
    refused,
    told,
    version,
)


def contact(**changes: Any) -> dict[str, Any]:
    return {"kind": "visit", "on": "2026-06-01", "channel": "onsite", "persons": 4, "region": VILLAGE, **changes}


async def logged(place: Place, who: uuid.UUID = NEAR, **changes: Any) -> dict[str, Any]:
    answer = await place.post("/contacts", contact(deputy_id=str(who), **changes), desk())
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["entry"]
    return found


async def swept(place: Place) -> int:
    async with place.service.tx() as tx:
        return await minimum_reminders(tx)


async def below(place: Place) -> list[tuple[uuid.UUID, str, str]]:
    found = await told(place.service, ContactsFoundBelowMinimum)
    return sorted((e.deputy_id, e.measure, e.starts_on.isoformat()) for e in found)


async def test_a_deputy_enters_an_own_contact_and_each_matter_becomes_an_opinion(place: Place) -> None:
    matter = {"title": "路灯", "text": "路灯不亮", "contact": {"name": "欧阳金丝雀", "phone": "13912345678"}}
    answer = await place.post("/contacts/own", contact(kind="grid_round", note="打13712345678", matters=[matter]), deputy())
    assert answer.status_code == 201, answer.text
    entry, [receipt] = answer.json()["entry"], answer.json()["receipts"]
    assert (entry["deputy_id"], entry["measures"], entry["matters"], entry["note"]) == (str(NEAR), ["contact"], 1, "打1*********8")
    [event] = await told(place.service, ContactLogged)
    assert (event.deputy_id, event.measures, event.persons, event.region) == (NEAR, ("contact",), 4, VILLAGE)
    [opinion] = await told(place.service, OpinionSubmitted)
    assert (opinion.number, opinion.channel, opinion.target_id) == (receipt["number"], "deputy", NEAR)
    assert "欧阳金丝雀" not in json.dumps([e.data() for e in await place.service.outbox()], ensure_ascii=False)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"kind": "unheard_of"}, 422, "KindUnknown"),
        ({"on": "2026-06-02"}, 422, "ContactDayNotAccepted"),
        ({"on": "2026-02-28"}, 422, "ContactDayNotAccepted"),
        ({"persons": 0}, 422, "InvalidRequest"),
        ({"deputy_id": str(ENDED)}, 409, "MandateNotActive"),
        ({"deputy_id": str(uuid.UUID(int=1))}, 422, "DeputyUnknown"),
        ({"region": "320413"}, 403, "RegionOutOfReach"),
        ({"link_id": str(uuid.UUID(int=1))}, 422, "LinkOfAnother"),
    ],
)
async def test_what_does_not_fit_is_refused_and_keeps_nothing(place: Place, changes: dict[str, Any], status: int, code: str) -> None:
    refused(await place.post("/contacts", contact(**{"deputy_id": str(NEAR), **changes}), desk()), status, code)
    assert not (await place.service.rows())["contact_log"]
    assert not await place.service.outbox()


async def test_a_deputy_sees_the_own_log_and_staff_that_of_their_region(place: Place) -> None:
    own, there = await logged(place), await logged(place, AWAY, region=OTHER_TOWN)

    async def seen(who: dict[str, str]) -> list[str]:
        return [one["id"] for one in (await place.get("/contacts", who)).json()["items"]]

    assert await seen(deputy()) == [own["id"]]
    assert await seen(clerk()) == [own["id"]]
    assert await seen(desk()) == [there["id"], own["id"]]
    refused(await place.post(f"/contacts/{there['id']}/strike-out", {"reason": "重复"}, deputy()), 404, "ContactUnknown")


async def test_an_entry_that_was_wrong_is_struck_out_told_and_counts_no_longer(place: Place) -> None:
    entry = await logged(place)
    path = f"/contacts/{entry['id']}/strike-out"
    assert (await place.post(path, {"reason": "重复登记"}, deputy())).json()["struck_because"] == "重复登记"
    refused(await place.post(path, {"reason": "重复登记"}, deputy()), 409, "ContactStruckOutBefore")
    assert [str(e.contact_id) for e in await told(place.service, ContactStruckOut)] == [entry["id"]]
    [found] = (await place.get("/contacts/standings", deputy(), year=2026)).json()["items"]
    assert [s["done"] for s in found["standings"]] == [0, 0, 0, 0]
    place.go_to(at("2026-06-24"))
    await swept(place)
    assert (NEAR, "contact", "2026-06-01") in await below(place)


async def test_a_member_is_linked_with_a_deputy_and_a_deputy_with_people(place: Place) -> None:
    body = {"kind": "member_deputy", "from_deputy_id": str(COUNTY), "to_deputy_id": str(NEAR), "region": TOWN, "starts_on": "2026-06-01"}
    made = await place.post("/links", body, desk())
    assert (made.status_code, made.json()["kind_label"]) == (201, "常委会组成人员联系代表")
    refused(await place.post("/links", body, desk()), 409, "AlreadyLinked")
    people = {"kind": "deputy_people", "from_deputy_id": str(NEAR), "region": VILLAGE, "starts_on": "2026-06-01"}
    link = (await place.post("/links", people, desk())).json()
    refused(await place.post("/links", {**people, "to_deputy_id": str(COUNTY)}, desk()), 422, "LinkNotOfKind")
    refused(await place.post("/links", {**body, "to_deputy_id": str(COUNTY)}, desk()), 422, "LinkNotOfKind")
    entry = await logged(place, link_id=link["id"])
    refused(await place.post("/contacts", contact(deputy_id=str(COUNTY), link_id=link["id"]), desk()), 422, "LinkOfAnother")
    assert entry["link_id"] == link["id"]
    assert len((await place.get("/links", deputy())).json()["items"]) == 2
    assert len((await place.get("/links", deputy(AWAY))).json()["items"]) == 0
    ended = await place.post(f"/links/{link['id']}/end", {"ends_on": "2026-06-30"}, desk(), **version(link))
    assert ended.json()["ends_on"] == "2026-06-30"
    refused(await place.post(f"/links/{link['id']}/end", {"ends_on": "2026-06-30"}, desk(), **version(ended.json())), 409, "LinkIsOver")
    assert (len(await told(place.service, LinkMade)), len(await told(place.service, LinkEnded))) == (2, 1)
    assert (await place.post("/links", people, desk())).status_code == 201


async def test_who_is_below_a_month_s_minimum_is_told_once_near_its_end(place: Place) -> None:
    await logged(place, NEAR)
    await logged(place, COUNTY, kind="group_activity")
    place.go_to(at("2026-06-14"))
    assert await swept(place) == 0
    place.go_to(at("2026-06-24"))
    assert sum(await asyncio.gather(swept(place), swept(place))) > 0
    assert await swept(place) == 0
    reminded = await below(place)
    assert [(d, m) for d, m, _ in reminded if m == "contact"] == [(d, "contact") for d in sorted((COUNTY, CITY, AWAY, IN_ZONE))]
    assert [(d, m) for d, m, _ in reminded if m == "activity"] == [(d, "activity") for d in sorted((NEAR, CITY, AWAY, IN_ZONE))]
    assert {s for _, m, s in reminded if m == "activity"} == {"2026-04-01"}
    assert ENDED not in {d for d, _, _ in reminded}
    place.go_to(at("2026-07-26"))
    await swept(place)
    assert len([1 for d, m, s in await below(place) if (m, s) == ("contact", "2026-07-01")]) == 5


async def test_a_year_s_summary_and_reception_are_asked_for_near_its_end(place: Place) -> None:
    place.go_to(at("2026-11-01"))
    await swept(place)
    assert {m for _, m, _ in await below(place)} == set()
    place.go_to(at("2026-12-02"))
    await swept(place)
    assert {(m, s) for _, m, s in await below(place)} == {("summary", "2026-01-01"), ("reception", "2026-01-01")}


async def test_a_mandate_that_began_within_the_period_owes_it_nothing(place: Place) -> None:
    await place.service.deliver(mandate(uuid.UUID(int=0xE0), "新任代表", "township", TOWN, starts_on=at("2026-06-20").date()))
    place.go_to(at("2026-06-25"))
    await swept(place)
    assert uuid.UUID(int=0xE0) not in {d for d, _, _ in await below(place)}


async def test_standings_count_twelve_in_one_month_as_one_month_met(place: Place) -> None:
    for _ in range(12):
        await logged(place)
    await logged(place, on="2026-05-31")
    [found] = (await place.get("/contacts/standings", deputy(), year=2026)).json()["items"]
    by_measure = {s["measure"]: (s["done"], s["owed"], s["met"], s["periods"]) for s in found["standings"]}
    assert by_measure == {"contact": (13, 12, 2, 12), "activity": (0, 4, 0, 4), "summary": (0, 1, 0, 1), "reception": (0, 1, 0, 1)}
    everyone = (await place.get("/contacts/standings", desk(), year=2026, limit=3)).json()
    assert (len(everyone["items"]), everyone["next_cursor"] is None) == (3, False)


async def test_opinions_are_counted_by_the_grid_below_the_village_and_in_the_village_s_figures(place: Place) -> None:
    grid, span = f"{VILLAGE}g01", {"since": "2026-06-01", "until": "2026-06-01"}
    await place.service.deliver(RegionChanged(code=grid, name="滨河一网格", kind="grid", parent=VILLAGE, version_no=1))
    said = {"title": "路灯", "text": "路灯不亮"}
    await logged(place, region=grid, matters=[said], kind="grid_round")
    await logged(place, matters=[said], kind="grid_round")
    found = (await place.get("/contacts/by-place", desk(), **span)).json()
    assert sorted((one["place"], one["name"], one["received"]) for one in found) == [(VILLAGE, "滨河社区", 1), (grid, "滨河一网格", 1)]
    village = (await place.get("/figures/opinions", desk(), region=VILLAGE, **span)).json()
    assert village["total"]["received"] == 2


async def test_opinions_are_counted_by_the_village_they_came_from_each_with_its_base(place: Place) -> None:
    said = {"title": "路灯", "text": "路灯不亮"}
    await logged(place, matters=[said, said], kind="business_quarter")
    await logged(place, AWAY, region=OTHER_TOWN, matters=[said])
    span = {"since": "2026-06-01", "until": "2026-06-01"}
    found = (await place.get("/contacts/by-place", desk(), **span)).json()
    assert [(one["place"], one["name"], one["received"], one["handed_over"], one["closed"]) for one in found] == [
        (VILLAGE, "滨河社区", 2, 0, 0),
        (OTHER_TOWN, "牛塘镇", 1, 0, 0),
    ]
    assert [one["place"] for one in (await place.get("/contacts/by-place", clerk(), **span)).json()] == [VILLAGE]
    assert (await place.get("/contacts/by-place", desk(), since="2026-06-02", until="2026-06-03")).json() == []
