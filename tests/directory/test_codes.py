"""Signed codes: issue, look up, count, rotate, revoke."""

from __future__ import annotations

import asyncio
import uuid

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared import codes
from tests import kit
from tests.directory.conftest import SECADMIN, SYSADMIN, Place, nobody


async def test_a_code_works_the_moment_it_is_issued(place: Place) -> None:
    issued = await place.code()
    page = (await place.client.get(f"/codes/{issued['code']}")).json()
    assert (page["kind"], page["name"], page["region_name"]) == ("station", "湖塘镇人大代表之家", "区划320412100")
    assert page["station"]["lead_deputy"] == "陈若溪"
    assert page["station"]["kind_label"] == "人大代表之家"
    assert page["public_url"] == f"http://127.0.0.1:8080/s/{issued['code']}" == issued["public_url"]
    assert {"title", "text"} == {field["name"] for field in page["fields"] if field["required"]}
    event = (await place.told("CodeIssued"))[0]
    read = codes.read(issued["code"], [kit.code_signer().public_key().public_bytes_raw()])
    assert (read.code_id, read.target_id, read.region) == (event.code_id, event.target_id, event.region)


async def test_a_deputy_code_shows_the_mandate_in_the_readers_language(place: Place) -> None:
    issued = await place.code(kind="deputy", target_id=place.deputy["id"])
    page = (await place.client.get(f"/codes/{issued['code']}", headers={"Accept-Language": "en"})).json()
    assert (page["name"], page["deputy"]["level_label"], page["deputy"]["group"]) == ("陈若溪", "District deputy", "湖塘镇代表团")
    assert page["fields"][0]["label"] == "Title"


async def test_a_project_code_has_a_label_and_a_region_given(place: Place) -> None:
    target = str(uuid.uuid4())
    without = await place.post("/codes", {"kind": "project", "target_id": target}, SECADMIN)
    assert (without.status_code, without.json()["code"]) == (422, "LabelNeeded")
    issued = await place.code(kind="project", target_id=target, label="老街改造", region="320412gxq")
    page = (await place.client.get(f"/codes/{issued['code']}")).json()
    assert (page["name"], page["region"], page["station"], page["deputy"]) == ("老街改造", "320412gxq", None, None)


async def test_a_forged_an_unknown_and_a_malformed_code_are_not_found_and_count_nothing(place: Place) -> None:
    before = await place.service.rows()
    signer = kit.code_signer().private_bytes_raw()
    code = codes.Code("station", uuid.uuid4(), uuid.UUID(place.station["id"]), "320412100")
    forged = codes.sign(code, Ed25519PrivateKey.generate().private_bytes_raw())
    for text in (forged, codes.sign(code, signer), "x", "A" * 138, "A" * 500, "中" * 20):
        answer = await place.client.get(f"/codes/{text}")
        assert (answer.status_code, answer.json()["code"]) == (404, "CodeNotGenuine")
    assert await place.service.rows() == before


async def test_a_revoked_code_is_gone_and_counts_nothing(place: Place) -> None:
    issued = await place.code()
    revoked = await place.post(f"/codes/{issued['id']}/revoke", None, SECADMIN, 1)
    assert revoked.json()["status"] == "revoked"
    before = await place.service.rows()
    answer = await place.client.get(f"/codes/{issued['code']}")
    assert (answer.status_code, answer.json()["code"]) == (410, "CodeRevoked")
    again = await place.post(f"/codes/{issued['id']}/revoke", None, SECADMIN, 2)
    assert (again.status_code, again.json()["current"]) == (409, "revoked")
    assert await place.service.rows() == before
    assert [event.reason for event in await place.told("CodeRevoked")] == ["revoked"]


async def test_a_rotated_code_stops_and_the_new_one_works(place: Place) -> None:
    issued = await place.code()
    rotated = await place.post(f"/codes/{issued['id']}/rotate", None, SECADMIN, 1)
    assert rotated.status_code == 201
    assert (await place.client.get(f"/codes/{issued['code']}")).status_code == 410
    assert (await place.client.get(f"/codes/{rotated.json()['code']}")).status_code == 200
    assert [event.reason for event in await place.told("CodeRevoked")] == ["rotated"]
    assert len(await place.told("CodeIssued")) == 2


async def test_a_stale_version_neither_rotates_nor_revokes(place: Place) -> None:
    issued = await place.code()
    before = await place.service.rows()
    for verb in ("rotate", "revoke"):
        assert (await place.post(f"/codes/{issued['id']}/{verb}", None, SECADMIN, 9)).status_code == 409
        assert (await place.post(f"/codes/{issued['id']}/{verb}", None, SECADMIN)).status_code == 428
    assert await place.service.rows() == before


async def test_scans_that_come_at_once_are_all_counted(place: Place) -> None:
    issued = await place.code()
    answers = await asyncio.gather(*(place.client.get(f"/codes/{issued['code']}") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    scans = (await place.client.get(f"/codes/{issued['id']}/scans", headers=SECADMIN)).json()
    assert scans["total"] == 20
    assert len(scans["days"]) == 1


async def test_codes_are_issued_for_what_exists_only(place: Place) -> None:
    before = await place.service.rows()
    for kind in ("station", "deputy"):
        answer = await place.post("/codes", {"kind": kind, "target_id": nobody()}, SECADMIN)
        assert (answer.status_code, answer.json()["code"]) == (422, "TargetUnknown")
    assert await place.service.rows() == before


async def test_only_the_security_administrator_issues_and_only_in_the_own_region(place: Place) -> None:
    body = {"kind": "station", "target_id": place.station["id"]}
    assert (await place.post("/codes", body, SYSADMIN)).status_code == 403
    assert (await place.post("/codes", body, kit.token("station"))).status_code == 403
    elsewhere = await place.post("/codes", body, kit.token("secadmin", region="320412102"))
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "OutsideYourRegion")


async def test_a_station_prints_the_codes_of_its_own_region_only(place: Place) -> None:
    issued = await place.code()
    own, other = kit.token("station", region="320412100"), kit.token("station", region="320412102")
    picture = await place.client.get(f"/codes/{issued['id']}/image.svg", headers=own)
    assert picture.status_code == 200
    assert picture.headers["content-type"] == "image/svg+xml"
    assert b"<svg" in picture.content
    assert (await place.client.get(f"/codes/{issued['id']}/image.svg", headers=other)).status_code == 403
    assert (await place.client.get("/codes", headers=other)).json()["items"] == []
    assert len((await place.client.get("/codes", headers=own)).json()["items"]) == 1
    assert (await place.client.get("/codes")).status_code == 401


async def test_the_same_keyed_request_issues_one_code(place: Place) -> None:
    headers = {**SECADMIN, "Idempotency-Key": "issue-once-1"}
    body = {"kind": "station", "target_id": place.station["id"]}
    first = await place.client.post("/codes", json=body, headers=headers)
    second = await place.client.post("/codes", json=body, headers=headers)
    assert first.json() == second.json()
    assert len(await place.told("CodeIssued")) == 1
