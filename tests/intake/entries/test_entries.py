"""Opinions that staff enter for others: with the register's fields, a receipt to print, and consent before contact data."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import text

from shared.events.intake import OpinionClassified, OpinionSubmitted
from shared.events.intake_opinions import OpinionEnteredOnBehalf
from tests.intake import people
from tests.intake.conftest import Place
from tests.intake.people import ENDED, NEAR, OTHER_STATION, STATION, VILLAGE, clerk, desk, refused, told


def entry(**changes: Any) -> dict[str, Any]:
    """What a clerk enters."""
    return {
        "source": "telephone",
        "station_id": str(STATION),
        "received_at": people.at("2026-05-30").isoformat(),
        "title": "路灯不亮",
        "text": "来电反映小区门口路灯坏了，电话13812345678。",
        **changes,
    }


async def test_an_entry_becomes_an_opinion_with_a_receipt_to_print_and_its_sender_may_track_it(place: Place) -> None:
    answer = await place.post("/entries", entry(deputies=[str(NEAR)], persons=3, advice="建议镇里先行处置"), clerk())
    assert answer.status_code == 201
    receipt = answer.json()
    tracked = await place.get(f"/opinions/{receipt['number']}", headers={"X-Lookup-Code": receipt["lookup_code"]})
    assert tracked.json()["status"] == "accepted"
    [submitted], [event] = await told(place.service, OpinionSubmitted), await told(place.service, OpinionEnteredOnBehalf)
    assert (submitted.channel, submitted.target_id, submitted.region) == ("station", STATION, VILLAGE)
    assert (event.source, event.deputies, event.persons, event.number) == ("telephone", (NEAR,), 3, receipt["number"])
    [classified] = await told(place.service, OpinionClassified)
    assert "13812345678" not in classified.text


@pytest.mark.parametrize("source", ["reception_desk", "telephone", "paper"])
async def test_each_source_is_kept_in_the_register_with_its_label(place: Place, source: str) -> None:
    await place.post("/entries", entry(source=source, paper="2026-017"), clerk())
    [line] = (await place.get("/entries", clerk(), source=source)).json()["items"]
    labels = {"reception_desk": "现场接待", "telephone": "电话", "paper": "纸质登记表"}
    assert (line["source"], line["source_label"], line["paper"]) == (source, labels[source], "2026-017")
    assert not {"title", "text", "contact"} & set(line)


async def test_contact_data_need_consent_and_are_sealed_with_it(place: Place) -> None:
    contact = {"name": "陆女士", "phone": "13912345678"}
    assert refused(await place.post("/entries", entry(contact=contact), clerk()), 422, "ConsentMissing")
    assert refused(await place.post("/entries", entry(consent="spoken"), clerk()), 422, "ConsentWithoutContact")
    assert (await place.post("/entries", entry(contact=contact, consent="signed"), clerk())).status_code == 201
    rows = await place.service.rows()
    assert len(rows["contact"]) == 1 and "陆女士" not in str(rows["contact"])
    assert '"consent": "signed"' in rows["entry"][0] and "13912345678" not in str(rows["entry"])


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"received_at": people.at("2026-06-02").isoformat()}, 422, "ReceivedNotAccepted"),
        ({"received_at": people.at("2026-01-02").isoformat()}, 422, "ReceivedNotAccepted"),
        ({"source": "paper"}, 422, "PaperNumberMissing"),
        ({"source": "pigeon"}, 422, "InvalidRequest"),
        ({"station_id": str(uuid.UUID(int=9))}, 422, "StationUnknown"),
        ({"station_id": str(OTHER_STATION)}, 403, "RegionOutOfReach"),
        ({"deputies": [str(ENDED)]}, 409, "MandateNotActive"),
        ({"deputies": [str(uuid.UUID(int=9))]}, 422, "DeputyUnknown"),
        ({"attachments": ["unknown"]}, 422, "AttachmentNotReady"),
    ],
)
async def test_what_does_not_fit_is_refused_and_nothing_is_saved(place: Place, changes: dict[str, Any], status: int, code: str) -> None:
    assert refused(await place.post("/entries", entry(**changes), clerk()), status, code)
    async with place.service.tx() as tx:
        assert await tx.scalar(text("SELECT (SELECT count(*) FROM opinion) + (SELECT count(*) FROM entry)")) == 0


async def test_only_staff_enter_and_each_sees_the_register_of_the_own_region(place: Place) -> None:
    assert refused(await place.post("/entries", entry(), people.deputy()), 403, "NotPermitted")
    await place.post("/entries", entry(), clerk())
    assert (await place.post("/entries", entry(source="reception_desk"), desk())).status_code == 201
    assert len((await place.get("/entries", desk())).json()["items"]) == 2
    assert (await place.get("/entries", clerk(people.OTHER_TOWN))).json()["items"] == []
    first = (await place.get("/entries", desk(), limit=1)).json()
    second = (await place.get("/entries", desk(), limit=1, cursor=first["next_cursor"])).json()
    assert first["items"][0]["id"] != second["items"][0]["id"] and second["next_cursor"] is None
