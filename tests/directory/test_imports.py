"""Lists come in whole or not at all, and each flaw is named by line and column."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from services.directory.imports.rows import Kind, read
from shared.settings import ROOT
from tests.directory.conftest import PASSWORD, SECADMIN, SYSADMIN, Place

DEMO = ROOT / "deploy" / "profiles" / "wujin"
KINDS: tuple[Kind, ...] = ("regions", "organisations", "people", "stations", "accounts")


async def send(place: Place, kind: str, content: str | bytes, *, dry_run: bool = False, **headers: str) -> httpx.Response:
    """POST /imports/{kind}."""
    body = content.encode() if isinstance(content, str) else content
    return await place.client.post(
        f"/imports/{kind}", params={"dry_run": dry_run}, content=body, headers={**SYSADMIN, "Content-Type": "text/csv", **headers}
    )


def flaws(answer: httpx.Response) -> list[tuple[int, str | None, str]]:
    """Line, column and code of each error."""
    return [(error["line"], error["column"], error["code"]) for error in answer.json()["errors"]]


async def test_the_demo_place_comes_in_as_rehearsed_and_a_second_time_changes_nothing(empty: Place) -> None:
    for kind in KINDS:
        content = (DEMO / f"{kind}.csv").read_bytes()
        before, said = await empty.service.rows(), len(await empty.service.outbox())
        rehearsed = await send(empty, kind, content, dry_run=True)
        assert rehearsed.status_code == 200, rehearsed.text
        assert await empty.service.rows() == before
        assert len(await empty.service.outbox()) == said
        taken = (await send(empty, kind, content)).json()
        assert taken["created"] == len(content.decode().splitlines()) - 1
        assert {**rehearsed.json(), "dry_run": False} == {**taken, "one_time_passwords": {}}
        assert len(await empty.service.outbox()) == said + taken["created"]
        again = (await send(empty, kind, content)).json()
        assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, taken["created"])
    levels = {event.level for event in await empty.told("MandateChanged")}
    assert levels == {"national", "provincial", "municipal", "county", "township", "consultative"}
    zones = (await empty.client.get("/regions?kind=zone")).json()["items"]
    assert len(zones) == 3
    assert len((await empty.client.get("/regions?kind=town&limit=100")).json()["items"]) == 16


async def test_one_flaw_keeps_the_whole_file_out(place: Place) -> None:
    before = await place.service.rows()
    lines = (
        "organisation,name,kind,region",
        "water,区水利局,government,320412",
        "Parks,园林,government,320412",
        "roads,公路,government,999999",
    )
    content = "\n".join(lines)
    answer = await send(place, "organisations", content)
    assert (answer.status_code, answer.json()["code"], answer.json()["total"]) == (422, "ImportRefused", 2)
    assert answer.headers["content-type"] == "application/problem+json"
    assert flaws(answer) == [(3, "organisation", "CellNotValid"), (4, "region", "RegionUnknown")]
    assert "999999" in answer.json()["errors"][1]["message"]
    assert await place.service.rows() == before


async def test_the_messages_speak_the_readers_language(place: Place) -> None:
    content = "code,name,kind,parent\n320412102,,town,320412\n"
    zh, en = await send(place, "regions", content), await send(place, "regions", content, **{"Accept-Language": "en"})
    assert zh.json()["errors"][0]["message"] == "name 不能为空。"
    assert en.json()["errors"][0]["message"] == "name must not be empty."


FLAWED: list[tuple[str, str | bytes, list[tuple[int, str | None, str]]]] = [
    ("regions", b"", [(1, "code", "ColumnMissing"), (1, "name", "ColumnMissing"), (1, "kind", "ColumnMissing")]),
    ("regions", "code,name,kind,colour\n", [(1, "colour", "ColumnUnknown")]),
    ("regions", "code,name,kind,code\n", [(1, "code", "ColumnTwice")]),
    ("regions", "code,name,kind,parent\n320412102,牛塘镇,town\n", [(2, None, "LineOfOtherLength")]),
    ("regions", 'code,name,kind,parent\n320412102,"牛塘镇,town,320412\n', [(1, None, "NotReadableAsCsv")]),
    ("regions", b"code,name,kind\n\x00,a,town\n", [(1, None, "NotReadableAsCsv")]),
    ("regions", b"code,name,kind\n\xff\xff\xff,a,town\n", [(1, None, "NotReadableAsCsv")]),
    ("regions", "code,name,kind,parent\n320412102,牛塘镇,village,320412\n", [(2, "kind", "CellNotValid")]),
    ("regions", "code,name,kind,parent\n\n320412102001,社区,community,320412\n", [(3, "parent", "RegionCodeNotValid")]),
    ("people", "person,name,level,region,card,starts_on\nP1,别名,county,320412,W001,2022-01-05\n", [(2, "name", "PersonNameDiffers")]),
    ("people", "person,name,level,region,card,starts_on\nP9,陈若溪,county,320412,W001,2022-01-05\n", [(2, "card", "CardTaken")]),
    ("people", "person,name,level,region,card,starts_on\nP9,李,county,320412,W9,2022-13-05\n", [(2, "starts_on", "CellNotValid")]),
    ("stations", "name,kind,region,lead\n新站,station,320412,NONE\n", [(2, "lead", "DeputyUnknown")]),
    (
        "accounts",
        "username,role,deputy\nli.na,deputy,NONE\nwang,deputy,\n",
        [(2, "deputy", "DeputyUnknown"), (3, "deputy_id", "DeputyNeeded")],
    ),
]


async def test_each_flaw_is_named_by_line_column_and_code(place: Place) -> None:
    before = await place.service.rows()
    for kind, content, expected in FLAWED:
        for dry_run in (True, False):
            answer = await send(place, kind, content, dry_run=dry_run)
            assert answer.status_code == 422
            assert flaws(answer) == expected
    assert await place.service.rows() == before


async def test_a_line_repeated_in_a_file_is_taken_as_the_last_word(place: Place) -> None:
    content = "organisation,name,kind,region\nwater,一,government,320412\nwater,二,government,320412\n"
    answer = (await send(place, "organisations", content)).json()
    assert (answer["created"], answer["changed"]) == (1, 1)
    assert [event.version_no for event in await place.told("OrganisationChanged") if event.organisation == "water"] == [1, 2]


async def test_parents_may_stand_after_their_children(place: Place) -> None:
    content = "code,name,kind,parent\n320412102001,社区,community,320412102\n320412102,牛塘镇,town,320412\n"
    assert (await send(place, "regions", content)).json()["created"] == 2


async def test_a_table_saved_by_an_office_program_is_read(place: Place) -> None:
    text = "organisation,name,kind,region\r\nwater,区水利局,government,320412\r\n"
    assert (await send(place, "organisations", text.encode("gb18030"))).json()["created"] == 1
    assert (await send(place, "organisations", b"\xef\xbb\xbf" + text.encode())).json()["unchanged"] == 1
    assert (await place.client.get("/organisations/water")).json()["name"] == "区水利局"


async def test_imported_accounts_get_one_time_passwords_and_existing_ones_keep_their_role(place: Place) -> None:
    content = "username,role,organisation,deputy\nli.na,department,housing,\nchen,deputy,,W001\n"
    passwords: dict[str, Any] = (await send(place, "accounts", content)).json()["one_time_passwords"]
    assert set(passwords) == {"li.na", "chen"}
    assert (await place.login("chen", passwords["chen"])).json()["account"]["name"] == "陈若溪"
    other_role = await send(place, "accounts", "username,role,organisation\nli.na,desk,housing\n")
    assert flaws(other_role) == [(2, "role", "RoleIsGrantedBySecurity")]
    moved = await send(place, "accounts", "username,role,organisation\nli.na,department,transport\n")
    assert (moved.json()["changed"], moved.json()["one_time_passwords"]) == (1, {})


async def test_an_imported_administrator_awaits_the_grant(place: Place) -> None:
    passwords = (await send(place, "accounts", "username,role\nsecond,sysadmin\n")).json()["one_time_passwords"]
    assert (await place.login("second", passwords["second"])).status_code == 401


async def test_a_file_too_long_is_refused_unread(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(place.service.database.settings.__dict__, "import_accounts", 2)
    content = "username,role\n" + "".join(f"user{number},leader\n" for number in range(3))
    assert flaws(await send(place, "accounts", content)) == [(1, None, "TooManyRows")]


async def test_a_file_above_the_body_limit_is_refused(place: Place) -> None:
    answer = await send(place, "regions", b"a" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "BodyTooLarge")


async def test_only_the_system_administrator_imports(place: Place) -> None:
    assert (await send(place, "regions", "code\n", **SECADMIN)).status_code == 403
    assert (await place.client.post("/imports/regions", content=b"")).status_code == 401
    assert (await send(place, "kings", "code\n")).status_code == 422


def test_line_numbers_are_those_of_the_file_also_after_a_cell_of_two_lines() -> None:
    found = read("organisations", '"organisation",name,kind,region\na1,"二\n行",other,320412\nb1,x,other,320412\n'.encode())
    assert [number for number, _ in found.lines] == [2, 4]


def test_no_demo_file_holds_a_password() -> None:
    assert PASSWORD not in "".join(path.read_text("utf-8") for path in DEMO.glob("*.csv"))
    assert "password" not in (DEMO / "accounts.csv").read_text("utf-8")
