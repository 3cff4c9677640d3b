from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from shared.events.intake import OpinionSubmitted
from shared.events.intake_appointments import AppointmentBooked, AppointmentCancelled, AppointmentConcluded
from shared.events.intake_contacts import ContactLogged
from tests import kit
from tests.intake.appointments.story import VISITOR, book, offered, with_code
from tests.intake.conftest import Place
from tests.intake.people import AWAY, COUNTY, ENDED, NEAR, OTHER_TOWN, STATION, YEARS, at, clerk, deputy, refused, told, version


async def appointment(place: Place) -> dict[str, Any]:
    [found] = (await place.get("/appointments", deputy())).json()["items"]
    return dict(found)


async def test_of_many_who_book_a_slot_at_once_one_gets_it(place: Place) -> None:
    [slot] = await offered(place)
    answers = await asyncio.gather(*(book(place, slot) for _ in range(6)))
    assert sorted(a.status_code for a in answers) == [201] + [409] * 5
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"SlotTaken"}
    assert len(await told(place.service, AppointmentBooked)) == 1
    assert (await place.get("/public/slots", deputy_id=str(NEAR))).json()["items"] == []


async def test_the_database_itself_holds_one_booking_a_slot_and_one_place_at_a_time(place: Place) -> None:
    [slot] = await offered(place)
    await book(place, slot)
    with pytest.raises(IntegrityError, match="no_double_booking"):
        async with place.service.tx() as tx:
            await tx.execute(
                text("INSERT INTO appointment SELECT (jsonb_populate_record(a, CAST(:other AS jsonb))).* FROM appointment a"),
                {"other": json.dumps({"id": "00000000-0000-0000-0000-000000000001", "number": "another"})},
            )
    with pytest.raises(IntegrityError, match="one_place_at_a_time"):
        async with place.service.tx() as tx:
            await tx.execute(
                text("INSERT INTO appointment_slot SELECT (jsonb_populate_record(s, CAST(:other AS jsonb))).* FROM appointment_slot s"),
                {"other": json.dumps({"id": "00000000-0000-0000-0000-000000000002", "starts_at": "2026-06-05T01:29:00Z"})},
            )


async def test_slots_of_a_host_never_overlap_and_of_a_list_all_or_none_are_offered(place: Place) -> None:
    await offered(place, "2026-06-05T09:00:00+08:00", "2026-06-05T09:30:00+08:00")
    body = {"channel": "onsite", "station_id": str(STATION)}
    overlapping = {**body, "starts": ["2026-06-05T14:00:00+08:00", "2026-06-05T09:15:00+08:00"]}
    refused(await place.post("/slots", overlapping, deputy()), 409, "SlotsOverlap")
    assert (await place.post("/slots", {**body, "starts": ["2026-06-05T09:15:00+08:00"]}, deputy(COUNTY))).status_code == 201
    assert len((await place.service.rows())["appointment_slot"]) == 3


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"starts": ["2026-05-31T09:00:00+08:00"]}, 422, "SlotInPast"),
        ({"channel": "online"}, 422, "MeetingPlaceMissing"),
        ({"station_id": None}, 422, "MeetingPlaceMissing"),
        ({"starts": []}, 422, "InvalidRequest"),
        ({"deputy_id": str(AWAY)}, 403, "NotTheHost"),
        ({"deputy_id": str(ENDED)}, 409, "MandateNotActive"),
    ],
)
async def test_what_does_not_fit_is_refused_and_keeps_nothing(place: Place, changes: dict[str, Any], status: int, code: str) -> None:
    body = {"starts": ["2026-06-05T09:00:00+08:00"], "channel": "onsite", "station_id": str(STATION), **changes}
    refused(await place.post("/slots", body, deputy()), status, code)
    assert not (await place.service.rows())["appointment_slot"]


async def test_a_slot_given_back_can_be_booked_again(place: Place) -> None:
    [slot] = await offered(place)
    slip = (await book(place, slot)).json()
    path = f"/public/appointments/{slip['number']}"
    refused(await place.post(f"{path}/cancel", {}, **{"X-Lookup-Code": "0000-0000-0000"}), 404, "AppointmentUnknown")
    gone = (await place.post(f"{path}/cancel", {}, **with_code(slip))).json()
    assert (gone["state"], gone["cancelled_by"]) == ("cancelled", "visitor")
    assert (await book(place, slot)).status_code == 201
    assert [e.by for e in await told(place.service, AppointmentCancelled)] == ["visitor"]


async def test_a_slot_is_booked_until_shortly_before_and_cancelled_until_it_begins(place: Place) -> None:
    first, second = await offered(place, "2026-06-05T09:00:00+08:00", "2026-06-05T09:30:00+08:00")
    slip = (await book(place, first)).json()
    place.go_to(at("2026-06-05", "08:31"))
    refused(await book(place, second), 410, "SlotNotBookable")
    place.go_to(at("2026-06-05", "09:00"))
    refused(await place.post(f"/public/appointments/{slip['number']}/cancel", {}, **with_code(slip)), 409, "AppointmentHasBegun")


async def test_a_host_who_withdraws_a_slot_cancels_what_was_booked(place: Place) -> None:
    [slot] = await offered(place)
    slip = (await book(place, slot)).json()
    refused(await place.post(f"/slots/{slot['id']}/withdraw", {}, deputy(COUNTY)), 403, "NotTheHost")
    assert (await place.post(f"/slots/{slot['id']}/withdraw", {}, deputy())).status_code == 200
    seen = (await place.get(f"/public/appointments/{slip['number']}", headers=with_code(slip))).json()
    assert (seen["state"], seen["cancelled_by"]) == ("cancelled", "host")
    refused(await book(place, slot), 410, "SlotNotBookable")
    assert await offered(place)


async def test_the_outcome_is_recorded_after_it_began_and_a_matter_becomes_an_opinion(place: Place) -> None:
    [slot] = await offered(place)
    slip = (await book(place, slot)).json()
    booked = await appointment(place)
    path = f"/appointments/{booked['id']}/conclude"
    body = {"outcome": "held", "note": "已当面答复", "matter": {"title": "停车难", "text": "小区车位不够"}}
    refused(await place.post(path, body, deputy(), **version(booked)), 409, "AppointmentNotBegun")
    place.go_to(at("2026-06-05", "09:05"))
    refused(await place.post(path, {**body, "outcome": "visitor_missing"}, deputy(), **version(booked)), 422, "NothingWasHeld")
    refused(await place.post(path, body, deputy(COUNTY), **version(booked)), 403, "NotTheHost")
    concluded = (await place.post(path, body, deputy(), **version(booked))).json()
    assert (concluded["appointment"]["state"], concluded["appointment"]["outcome"]) == ("concluded", "held")
    [opinion] = await told(place.service, OpinionSubmitted)
    assert (opinion.number, opinion.channel, opinion.target_id) == (concluded["receipt"]["number"], "deputy", NEAR)
    [event] = await told(place.service, AppointmentConcluded)
    assert (event.deputy_id, event.outcome, event.on.isoformat()) == (NEAR, "held", "2026-06-05")
    assert [(e.deputy_id, e.kind, e.measures) for e in await told(place.service, ContactLogged)] == [(NEAR, "appointment", ("contact",))]
    refused(await place.post(path, body, deputy(), **version(concluded["appointment"])), 409, "AppointmentIsOver")
    seen = await place.get(f"/public/appointments/{slip['number']}", headers=with_code(slip))
    assert "已当面答复" not in seen.text


@pytest.mark.parametrize("outcome", ["visitor_missing", "host_missing"])
async def test_an_appointment_that_was_not_held_counts_for_nothing(place: Place, outcome: str) -> None:
    [slot] = await offered(place)
    await book(place, slot)
    place.go_to(at("2026-06-05", "09:30"))
    booked = await appointment(place)
    answer = await place.post(f"/appointments/{booked['id']}/conclude", {"outcome": outcome}, deputy(), **version(booked))
    assert answer.json()["appointment"]["outcome"] == outcome
    assert not await told(place.service, ContactLogged)


async def test_the_visitor_is_sealed_and_read_by_the_host_only_with_a_purpose_that_is_kept(place: Place) -> None:
    [slot] = await offered(place)
    slip = (await book(place, slot, topic="请打13712345678")).json()
    booked = await appointment(place)
    rows = await place.service.rows()
    everything = json.dumps([e.data() for e in await place.service.outbox()]) + "".join(rows["appointment"]) + json.dumps(booked)
    for secret in (*VISITOR.values(), VISITOR["name"].encode().hex(), VISITOR["phone"].encode().hex(), slip["lookup_code"]):
        assert secret not in everything.replace("请打13712345678", "")
    assert booked["topic"] == "请打1*********8"
    path = f"/appointments/{booked['id']}/contact"
    refused(await place.post(path, {}, deputy()), 422, "InvalidRequest")
    refused(await place.post(path, {"purpose": "好奇"}, deputy(COUNTY)), 403, "NotTheHost")
    refused(await place.post(path, {"purpose": "好奇"}, clerk(OTHER_TOWN)), 403, "NotTheHost")
    assert not (await place.service.rows())["contact_view"]
    assert (await place.post(path, {"purpose": "arrange"}, deputy())).json() == VISITOR
    [view] = (await place.service.rows())["contact_view"]
    assert json.loads(view)["purpose"] == "arrange"


async def test_a_unit_offers_slots_for_itself_and_staff_for_a_deputy_of_their_region(place: Place) -> None:
    unit = kit.token("department", organisation="housing", region="320412", expires_in=YEARS)
    body = {"starts": ["2026-06-05T09:00:00+08:00"], "channel": "online", "link": "https://meet.example.org/1"}
    [slot] = (await place.post("/slots", body, unit)).json()
    assert (slot["organisation"], slot["deputy_id"]) == ("housing", None)
    slip = (await book(place, slot)).json()
    assert (await place.get(f"/public/appointments/{slip['number']}", headers=with_code(slip))).json()[
        "link"
    ] == "https://meet.example.org/1"
    assert "meet.example.org" not in (await place.get("/public/slots", organisation="housing")).text
    assert len((await place.get("/appointments", unit)).json()["items"]) == 1
    onsite = {"starts": body["starts"], "channel": "onsite", "station_id": str(STATION)}
    assert (await place.post("/slots", {**onsite, "deputy_id": str(NEAR)}, clerk())).status_code == 201
    refused(await place.post("/slots", {**onsite, "deputy_id": str(AWAY)}, clerk()), 403, "NotTheHost")
    refused(await place.post("/slots", onsite, clerk()), 422, "HostUnclear")
    refused(await place.get("/public/slots"), 422, "HostUnclear")
