"""Regions, organisations, stations and deputies: each change is one row, one version and one event."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.directory.clock import mandates_over
from services.directory.deputies.actions import today
from services.directory.models import Mandate
from tests import kit
from tests.directory.conftest import AUDITOR, SECADMIN, SYSADMIN, Place, a_station, mandate, nobody


async def test_entering_and_changing_a_region_is_told_with_its_version(place: Place) -> None:
    changed = await place.put("/regions/320412100", {"name": "湖塘镇", "kind": "town", "parent": "320412"}, version=1)
    assert changed.json() == {"code": "320412100", "name": "湖塘镇", "kind": "town", "parent": "320412", "version": 2}
    told = [event for event in await place.told("RegionChanged") if event.code == "320412100"]
    assert [(event.name, event.version_no) for event in told] == [("区划320412100", 1), ("湖塘镇", 2)]


async def test_what_is_not_changed_is_not_told(place: Place) -> None:
    before = len(await place.service.outbox())
    same = await place.put("/regions/320412100", {"name": "区划320412100", "kind": "town", "parent": "320412"}, version=1)
    assert same.json()["version"] == 1
    assert len(await place.service.outbox()) == before


async def test_a_stale_version_is_refused_and_nothing_changes(place: Place) -> None:
    before = await place.service.rows()
    for version in (0, 7):
        answer = await place.put("/organisations/housing", {"name": "新名", "kind": "government", "region": "320412"}, version=version)
        assert answer.status_code == 409
        assert answer.json()["code"] == "StaleVersion"
        assert answer.json()["current"] == 1
    assert (await place.put("/organisations/nowhere", {"name": "x", "kind": "other", "region": "320412"}, version=3)).status_code == 409
    assert await place.service.rows() == before


async def test_a_region_is_entered_under_a_region_that_exists(place: Place) -> None:
    answer = await place.put("/regions/320412102001", {"name": "社区", "kind": "community", "parent": "320412102"})
    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["where"]) == ("RegionUnknown", "parent")


async def test_a_town_administrator_changes_nothing_of_another_town(place: Place) -> None:
    before = await place.service.rows()
    elsewhere = kit.token("sysadmin", region="320412102")
    bodies = (
        place.put("/regions/320412100", {"name": "x", "kind": "town", "parent": "320412"}, 1, elsewhere),
        place.put("/organisations/housing", {"name": "x", "kind": "government", "region": "320412"}, 1, elsewhere),
        place.put(f"/stations/{place.station['id']}", a_station(), 1, elsewhere),
        place.put(f"/deputies/{place.deputy['id']}", {**mandate(), "person": None}, 1, elsewhere),
        place.post("/stations", a_station(name="另一个"), elsewhere),
        place.post("/deputies", mandate(person="P2", card="W002"), elsewhere),
        place.post(f"/deputies/{place.deputy['id']}/status", {"status": "ended"}, elsewhere, 1),
    )
    for body in bodies:
        answer = await body
        assert answer.status_code in (403, 422), answer.text
        assert answer.json()["code"] in ("OutsideYourRegion", "InvalidRequest")
    assert await place.service.rows() == before


@pytest.mark.parametrize("token", [{}, SECADMIN, AUDITOR, kit.token("desk")])
async def test_only_the_system_administrator_writes_master_data(place: Place, token: dict[str, str]) -> None:
    before = await place.service.rows()
    answers = [
        await place.put("/regions/320412100", {"name": "x", "kind": "town", "parent": "320412"}, 1, token),
        await place.post("/stations", a_station(name="另一个"), token),
        await place.post("/deputies", mandate(person="P2", card="W002"), token),
        await place.client.post("/imports/regions", content=b"code,name,kind,parent\n", headers=token),
    ]
    assert {answer.status_code for answer in answers} == {403 if token else 401}
    assert await place.service.rows() == before


async def test_a_person_may_hold_several_mandates_each_with_its_own_id(place: Place) -> None:
    second = (await place.post("/deputies", mandate(card="C001", level="municipal", region="320412"), SYSADMIN)).json()
    assert second["person_id"] == place.deputy["person_id"]
    assert second["id"] != place.deputy["id"]
    assert {event.level for event in await place.told("MandateChanged")} == {"county", "municipal"}


async def test_renaming_a_person_is_told_for_each_mandate(place: Place) -> None:
    second = (await place.post("/deputies", mandate(card="C001", level="municipal"), SYSADMIN)).json()
    body = {key: value for key, value in mandate(name="陈若水").items() if key != "person"}
    changed = await place.put(f"/deputies/{place.deputy['id']}", body, version=1)
    assert (changed.json()["name"], changed.json()["version"]) == ("陈若水", 2)
    newest = {event.deputy_id: (event.name, event.version_no) for event in await place.told("MandateChanged")}
    assert set(newest.values()) == {("陈若水", 2)}
    assert len(newest) == 2
    assert (await place.client.get(f"/deputies/{second['id']}")).json()["name"] == "陈若水"


async def test_a_number_of_another_person_and_a_card_of_another_mandate_are_refused(place: Place) -> None:
    before = await place.service.rows()
    other = await place.post("/deputies", mandate(name="别人", card="W009"), SYSADMIN)
    assert (other.status_code, other.json()["code"]) == (409, "PersonNameDiffers")
    taken = await place.post("/deputies", mandate(person="P2", name="别人"), SYSADMIN)
    assert (taken.status_code, taken.json()["code"]) == (409, "CardTaken")
    assert await place.service.rows() == before


async def test_a_mandate_is_suspended_resumed_and_ended_once(place: Place) -> None:
    path = f"/deputies/{place.deputy['id']}/status"
    for version, status in enumerate(("suspended", "active", "ended"), 1):
        answer = await place.post(path, {"status": status}, SYSADMIN, version)
        assert (answer.json()["status"], answer.json()["version"]) == (status, version + 1)
    again = await place.post(path, {"status": "active"}, SYSADMIN, 4)
    assert (again.status_code, again.json()["code"], again.json()["current"]) == (409, "MandateStatusForbids", "ended")
    told = [(event.status, event.version_no) for event in await place.told("MandateChanged")]
    assert told == [("active", 1), ("suspended", 2), ("active", 3), ("ended", 4)]


async def test_a_mandate_ends_by_itself_when_its_last_day_has_passed(place: Place) -> None:
    async with place.service.tx() as tx:
        row = await tx.get_one(Mandate, place.deputy["id"])
        row.ends_on = today() - timedelta(days=1)
    code = await place.code(kind="deputy", target_id=place.deputy["id"])
    async with place.service.tx() as tx:
        assert await mandates_over(tx) == 1
        assert await mandates_over(tx) == 0
    assert (await place.told("MandateChanged"))[-1].status == "ended"
    assert (await place.client.get(f"/codes/{code['code']}")).status_code == 410


async def test_a_mandate_whose_last_day_is_today_goes_on(place: Place) -> None:
    async with place.service.tx() as tx:
        (await tx.get_one(Mandate, place.deputy["id"])).ends_on = today()
        assert await mandates_over(tx) == 0


async def test_anyone_reads_deputies_in_force_without_numbers_or_cards(place: Place) -> None:
    listed = (await place.client.get("/deputies")).json()["items"]
    assert [(item["name"], item["person"], item["card"]) for item in listed] == [("陈若溪", None, None)]
    assert (await place.client.get("/deputies", headers=SYSADMIN)).json()["items"][0]["card"] == "W001"
    await place.post(f"/deputies/{place.deputy['id']}/status", {"status": "suspended"}, SYSADMIN, 1)
    assert (await place.client.get("/deputies?status=suspended")).json()["items"] == []
    assert (await place.client.get(f"/deputies/{place.deputy['id']}")).status_code == 404
    assert (await place.client.get("/deputies?status=suspended", headers=kit.token("desk"))).json()["items"][0]["status"] == "suspended"


async def test_a_list_is_read_page_by_page_without_gap_or_repetition(place: Place) -> None:
    for number in range(7):
        assert (await place.post("/stations", a_station(name=f"站点{number}"), SYSADMIN)).status_code == 201
    seen: list[str] = []
    path: str | None = "/stations?limit=3"
    while path:
        page = (await place.client.get(path)).json()
        seen += [item["name"] for item in page["items"]]
        path = f"/stations?limit=3&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert len(seen) == len(set(seen)) == 8


async def test_a_cursor_of_another_list_is_refused(place: Place) -> None:
    for number in range(2):
        await place.post("/stations", a_station(name=f"站点{number}"), SYSADMIN)
    cursor = (await place.client.get("/stations?limit=1")).json()["next_cursor"]
    for path in ("/regions", "/deputies"):
        answer = await place.client.get(f"{path}?cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (400, "CursorNotReadable")


async def test_the_tree_is_read_level_by_level_and_places_by_subtree(place: Place) -> None:
    top = (await place.client.get("/regions?parent=320412")).json()["items"]
    assert [item["code"] for item in top] == ["320412100", "320412gxq"]
    await place.post("/stations", a_station(name="区级", region="320412"), SYSADMIN)
    town = (await place.client.get("/stations?region=320412100")).json()["items"]
    assert [item["name"] for item in town] == ["湖塘镇人大代表之家"]
    assert (await place.client.get("/stations?region=3204%25")).json()["items"] == []


async def test_a_station_has_one_name_in_a_region_and_closing_it_ends_its_codes(place: Place) -> None:
    twice = await place.post("/stations", a_station(), SYSADMIN)
    assert (twice.status_code, twice.json()["code"]) == (409, "StationNameTaken")
    code = await place.code()
    closed = await place.put(f"/stations/{place.station['id']}", a_station(status="closed"), version=1)
    assert closed.json()["status"] == "closed"
    assert (await place.client.get(f"/codes/{code['code']}")).status_code == 410
    assert [event.reason for event in await place.told("CodeRevoked")] == ["revoked"]
    refused = await place.post("/codes", {"kind": "station", "target_id": place.station["id"]}, SECADMIN)
    assert (refused.status_code, refused.json()["code"]) == (409, "TargetNotActive")


async def test_what_does_not_exist_is_said_to_be_missing(place: Place) -> None:
    for path in ("/regions/320499", "/organisations/none", f"/stations/{nobody()}", f"/deputies/{nobody()}"):
        assert (await place.client.get(path)).status_code == 404
    lead = await place.post("/stations", a_station(name="x", lead_deputy_id=nobody()), SYSADMIN)
    assert (lead.status_code, lead.json()["where"]) == (422, "lead_deputy_id")
