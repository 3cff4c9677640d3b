from __future__ import annotations

from tests.intake.appointments.story import offered
from tests.intake.conftest import Place
from tests.intake.people import AWAY, CITY, COUNTY, IN_ZONE, NEAR, PARK, STATION, TOWN, VILLAGE, refused
from tests.intake.receptions.story import planned


async def test_a_resident_finds_the_deputies_of_the_place_the_nearest_first(place: Place) -> None:
    reception = await planned(place, deputies=[str(NEAR)])
    await offered(place, "2026-06-05T09:00:00+08:00", "2026-06-05T09:30:00+08:00")
    answer = (await place.get("/public/deputies", place="滨河")).json()
    assert answer["places"] == [{"code": VILLAGE, "name": "滨河社区"}]
    assert [one["deputy_id"] for one in answer["deputies"]] == [str(NEAR), str(COUNTY), str(CITY)]
    first = answer["deputies"][0]
    assert first["stations"] == [{"station_id": str(STATION), "name": "滨河社区联络站"}]
    assert (first["next_reception"]["reception_id"], first["free_slots"]) == (reception["id"], 2)
    assert set(first) == {"deputy_id", "name", "level", "region", "group", "stations", "next_reception", "free_slots"}


async def test_a_zone_s_deputies_are_found_by_descent_not_by_the_code(place: Place) -> None:
    found = (await place.get("/public/deputies", place=PARK)).json()["deputies"]
    assert [one["deputy_id"] for one in found] == [str(IN_ZONE), str(CITY)]


async def test_where_several_places_fit_the_resident_chooses(place: Place) -> None:
    several = (await place.get("/public/deputies", place="塘镇")).json()
    assert {one["name"] for one in several["places"]} == {"湖塘镇", "牛塘镇"}
    assert several["deputies"] == []
    assert str(AWAY) not in (await place.get("/public/deputies", place=TOWN)).text
    refused(await place.get("/public/deputies", place="火星"), 404, "PlaceUnknown")
    refused(await place.get("/public/deputies", place="%%"), 404, "PlaceUnknown")
