"""Exports: asked for with a purpose, written in pages by any replica, fetched by who asked, gone after hours, without contact data."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.intake.figures import actions
from shared.clock import now
from tests import kit
from tests.intake.conftest import Place
from tests.intake.figures.test_rules import cells_of
from tests.intake.people import OTHER_TOWN, TOWN, YEARS, clerk, desk, refused
from tests.intake.privacy.story import NAME, PHONE, WRITTEN, opinion

WANTED = {"since": "2026-06-01", "until": "2026-06-30"}


async def asked(place: Place, what: str = "opinions", who: dict[str, str] | None = None, purpose: str = "report", **more: Any) -> Any:
    return await place.post("/exports", {"what": what, "wanted": {**WANTED, **more}, "purpose": purpose}, who or desk())


async def written(place: Place) -> int:
    """Lets the clock work until nothing is left; how many pages it wrote."""
    pages = 0
    while True:
        async with place.service.tx() as tx:
            if not await actions.write_on(tx):
                return pages
        pages += 1


async def rows_of(place: Place, export: dict[str, Any], who: dict[str, str] | None = None) -> list[list[str]]:
    answer = await place.get(f"/exports/{export['id']}/file", who or desk(), format="csv")
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\xef\xbb\xbf") and answer.headers["content-type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_a_list_is_written_page_by_page_with_progress_and_holds_every_opinion_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "PAGE", 2)
    for n in range(5):
        await opinion(place, title=f"路灯{n}")
    export = (await asked(place)).json()
    assert (export["state"], export["done"], export["total"]) == ("under_way", 0, 5)
    refused(await place.get(f"/exports/{export['id']}/file", desk()), 409, "ExportNotReady")
    seen = []
    for _ in range(3):
        async with place.service.tx() as tx:
            assert await actions.write_on(tx) == 1
        found = (await place.get(f"/exports/{export['id']}", desk())).json()
        seen.append((found["done"], found["state"]))
    assert seen == [(2, "under_way"), (4, "under_way"), (5, "ready")]
    rows = await rows_of(place, export)
    assert rows[0][0] == "编号" and [row[9] for row in rows[1:]] == [f"路灯{n}" for n in range(5)]


async def test_what_comes_after_it_was_asked_for_is_not_in_it_and_full_pages_end_well(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "PAGE", 2)
    for n in range(4):
        await opinion(place, title=f"路灯{n}")
    export = (await asked(place)).json()
    place.go_to(now() + timedelta(seconds=5))
    await opinion(place, title="迟到")
    await written(place)
    assert [row[9] for row in (await rows_of(place, export))[1:]] == [f"路灯{n}" for n in range(4)]


async def test_no_contact_data_are_in_it_and_numbers_in_texts_are_masked_in_either_format(place: Place) -> None:
    await opinion(place, title="=cmd|' /C calc'!A0")
    export = (await asked(place)).json()
    await written(place)
    [_, row] = await rows_of(place, export)
    assert row[9] == "'=cmd|' /C calc'!A0" and row[10] == "请打1*********8"
    workbook = await place.get(f"/exports/{export['id']}/file", desk())
    cells = cells_of(workbook.content)
    assert "=cmd|' /C calc'!A0" in cells and "请打1*********8" in cells
    stored = "".join((await place.service.rows())["export_page"])
    for secret in (NAME, PHONE, WRITTEN):
        assert secret not in stored and secret not in json.dumps(row, ensure_ascii=False) and secret not in "".join(cells)


async def test_figures_are_exported_with_their_bases(place: Place) -> None:
    await opinion(place, category="transport")
    await opinion(place, category="health")
    export = (await asked(place, "figures", by="category")).json()
    assert export["total"] == 2
    await written(place)
    rows = await rows_of(place, export)
    assert rows[0][3] == "转交（占收到）" and {(row[0], row[2], row[3], row[4]) for row in rows[1:]} == {
        ("transport", "1", "0", "0.0"),
        ("health", "1", "0", "0.0"),
    }


async def test_an_export_without_rows_has_its_heading(place: Place) -> None:
    export = (await asked(place)).json()
    await written(place)
    assert len(await rows_of(place, export)) == 1


async def test_the_audit_names_who_exported_what_for_and_how_many(place: Place) -> None:
    await opinion(place)
    export = (await asked(place, region=TOWN, status="accepted")).json()
    await written(place)
    await place.service.app.state.audit.seal_all()
    async with place.service.tx() as tx:
        found = [json.loads(r) for r in (await tx.execute(text("SELECT to_jsonb(a)::text FROM kit_audit a ORDER BY seq"))).scalars()]
    [row] = [one for one in found if one["action"] == "POST /exports"]
    assert row["object"][0] == export["id"] and row["outcome"] == "done" and row["actor"] not in ("anyone", "")
    assert {"purpose:report", "what:opinions", "rows:1", f"region:{TOWN}", "status:accepted", "since:2026-06-01"} <= set(row["object"])


async def test_only_who_asked_fetches_it_and_only_in_their_region(place: Place) -> None:
    await opinion(place)
    export = (await asked(place)).json()
    await written(place)
    other = kit.token("desk", region=TOWN, account_id=kit.uuid.uuid4(), expires_in=YEARS)
    refused(await place.get(f"/exports/{export['id']}", other), 404, "ExportUnknown")
    refused(await place.get(f"/exports/{export['id']}/file", other), 404, "ExportUnknown")
    refused(await asked(place, who=clerk()), 403, "NotPermitted")
    refused(await asked(place, who=kit.token("desk", region=OTHER_TOWN, expires_in=YEARS), region=TOWN), 403, "RegionOutOfReach")
    neighbour = kit.token("desk", organisation="presidium_niutang", region=OTHER_TOWN, expires_in=YEARS)
    assert (await asked(place, who=neighbour)).json()["total"] == 0
    assert [one["id"] for one in (await place.get("/exports", desk())).json()["items"]] == [export["id"]]


async def test_purpose_size_and_filter_are_checked_before_anything_is_kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    await opinion(place)
    refused(await asked(place, purpose="curiosity"), 422, "ExportPurposeUnknown")
    refused(await asked(place, until="2026-05-01"), 422, "WindowUpsideDown")
    refused(await asked(place, colour="red"), 422, "InvalidRequest")
    small = place.service.database.policy.exports.model_copy(update={"most_rows": 0})  # type: ignore[union-attr]
    policy = place.service.database.policy.model_copy(update={"exports": small})  # type: ignore[union-attr]
    monkeypatch.setattr(place.service.database, "policy", policy)
    refused(await asked(place), 422, "ExportTooLarge")
    assert not (await place.service.rows())["export"]


async def test_its_rows_are_deleted_after_hours_and_that_it_was_stays(place: Place) -> None:
    await opinion(place)
    export = (await asked(place)).json()
    await written(place)
    place.go_to(now() + timedelta(hours=25))
    async with place.service.tx() as tx:
        assert await actions.delete_old(tx) == 1
    async with place.service.tx() as tx:
        assert await actions.delete_old(tx) == 0
    assert not (await place.service.rows())["export_page"]
    refused(await place.get(f"/exports/{export['id']}/file", desk()), 410, "ExportDeleted")
    assert (await place.get(f"/exports/{export['id']}", desk())).json()["state"] == "deleted"
