"""Figures count what intake was told, each with its base, in the caller's region."""

from __future__ import annotations

import os
import time
import uuid
from typing import Any

import pytest
from sqlalchemy import text

from services.intake.models import Opinion
from shared.clock import now
from tests.intake import golden
from tests.intake.conftest import Place, code_text, form
from tests.intake.people import NEAR, OTHER_TOWN, STATION, TOWN, at, clerk, deputy, desk, refused
from tests.intake.privacy.story import opinion, suggestion
from tests.intake.receptions.story import planned

OPINIONS = int(os.environ.get("OPINIONS", "20000"))
WINDOW = {"since": "2026-06-01", "until": "2026-06-30"}


async def figures(place: Place, who: dict[str, str] | None = None, **query: Any) -> dict[str, Any]:
    answer = await place.get("/figures/opinions", who or desk(), **{**WINDOW, **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def counts(one: dict[str, Any]) -> tuple[int, ...]:
    return one["received"], one["passed_on"]["n"], one["replied"]["n"], one["solved"]["n"]


async def handled(place: Place) -> None:
    """Four opinions: one only received, one passed on, one replied to, one closed by its rating."""
    sent = [await opinion(place, title=f"路灯{n}", category=c) for n, c in enumerate(("transport", "transport", "health", None))]
    for one, until in zip(sent, (0, 3, 7, 99), strict=True):
        for event in golden.case_events(one.id)[:until]:
            await place.service.deliver(event)


async def test_shares_have_their_base_and_count_what_routing_told(place: Place) -> None:
    await handled(place)
    total = (await figures(place))["total"]
    assert total["received"] == 4
    assert total["passed_on"] == {"n": 3, "of": 4, "percent": "75.0"}
    assert total["replied"] == {"n": 2, "of": 3, "percent": "66.7"}
    assert total["solved"] == {"n": 1, "of": 4, "percent": "25.0"}
    empty = (await figures(place, since="2026-07-01", until="2026-07-01"))["total"]
    assert empty["passed_on"] == {"n": 0, "of": 0, "percent": None}


async def test_what_a_deputy_answered_alone_is_counted_apart_and_never_as_solved(place: Place) -> None:
    await handled(place)
    async with place.service.tx() as tx:
        await tx.execute(text("UPDATE opinion SET status = 'answered_by_rep' WHERE status <> 'closed' AND replied_round = 0"))
    total = (await figures(place))["total"]
    assert total["answered_by_rep"] == {"n": 2, "of": 4, "percent": "50.0"}
    assert total["solved"] == {"n": 1, "of": 4, "percent": "25.0"}


async def test_groups_add_up_to_the_whole_and_have_names(place: Place) -> None:
    await handled(place)
    code = code_text("deputy", target=NEAR, region=TOWN)
    assert (await place.post("/opinions", form(code=code))).status_code == 201
    for by in ("day", "month", "region", "category", "channel"):
        found = await figures(place, by=by)
        assert tuple(map(sum, zip(*(counts(g) for g in found["groups"]), strict=True))) == counts(found["total"]), by
    assert [(g["key"], g["name"], g["received"]) for g in (await figures(place, by="station"))["groups"]] == [
        (str(STATION), "滨河社区联络站", 4)
    ]
    assert [(g["key"], g["name"], g["received"]) for g in (await figures(place, by="deputy"))["groups"]] == [(str(NEAR), "姜一诺", 1)]
    named = {g["key"]: g["name"] for g in (await figures(place, by="category"))["groups"]}
    assert named["transport"] and named["transport"] != "transport"
    assert [(g["key"], g["name"]) for g in (await figures(place, by="region"))["groups"]] == [(TOWN, "湖塘镇")]


async def test_a_window_is_of_days_in_china(place: Place) -> None:
    place.go_to(at("2026-06-10", "23:59"))
    await opinion(place)
    place.go_to(at("2026-06-11", "00:01"))
    await opinion(place)
    assert [(g["key"], g["received"]) for g in (await figures(place, by="day"))["groups"]] == [("2026-06-10", 1), ("2026-06-11", 1)]
    assert (await figures(place, since="2026-06-11", until="2026-06-11"))["total"]["received"] == 1


@pytest.mark.parametrize(
    ("query", "received"),
    [
        ({"station": str(STATION)}, 4),
        ({"station": str(uuid.UUID(int=9))}, 0),
        ({"deputy": str(NEAR)}, 0),
        ({"category": "transport"}, 2),
        ({"channel": "deputy"}, 0),
        ({"status": "closed"}, 1),
        ({"region": OTHER_TOWN}, 0),
        ({"region": TOWN}, 4),
        ({"region": ""}, 4),
    ],
)
async def test_figures_are_of_what_is_asked_for(place: Place, query: dict[str, str], received: int) -> None:
    await handled(place)
    assert (await figures(place, **query))["total"]["received"] == received


async def test_figures_are_of_the_caller_s_region_and_for_who_may(place: Place) -> None:
    await handled(place)
    assert (await figures(place, clerk(OTHER_TOWN)))["total"]["received"] == 0
    assert (await figures(place, clerk(TOWN)))["region"] == TOWN
    refused(await place.get("/figures/opinions", clerk(OTHER_TOWN), **WINDOW, region=TOWN), 403, "RegionOutOfReach")
    refused(await place.get("/figures/opinions", deputy(), **WINDOW), 403, "NotPermitted")
    refused(await place.get("/figures/opinions", desk(), since="2026-06-02", until="2026-06-01"), 422, "WindowUpsideDown")
    refused(await place.get("/figures/opinions", desk(), **WINDOW, by="colour"), 422, "InvalidRequest")


async def test_suggestions_receptions_and_contacts_of_a_window(place: Place) -> None:
    await suggestion(place)
    found = (await place.get("/figures/activity", desk(), **WINDOW)).json()
    assert found["suggestions_submitted"] == 0 and found["suggestions_checked"] == {"n": 0, "of": 0, "percent": None}
    async with place.service.tx() as tx:
        await tx.execute(text("UPDATE suggestion SET status = 'refused', submitted_at = :now"), {"now": now()})
    await planned(place)
    async with place.service.tx() as tx:
        await tx.execute(text("UPDATE reception SET state = 'held'"))
    found = (await place.get("/figures/activity", desk(), **WINDOW)).json()
    assert (found["suggestions_submitted"], found["suggestions_refused"]) == (1, {"n": 1, "of": 1, "percent": "100.0"})
    assert (found["receptions_held"], found["persons_received"], found["contacts"]) == (1, 0, 0)
    async with place.service.tx() as tx:
        await tx.execute(text("UPDATE suggestion SET confidential = true"))
    assert (await place.get("/figures/activity", desk(), **WINDOW)).json()["suggestions_submitted"] == 0


async def many(place: Place, number: int) -> None:
    """As many copies of an opinion, one every 20 seconds, passed on and replied to; written in parts, for a statement has its time."""
    kept = await opinion(place)
    fresh = {"id": "gen_random_uuid()", "number": "n::text", "submitted_at": "submitted_at + n * interval '20 seconds'"}
    names = [column.name for column in Opinion.metadata.tables["opinion"].columns]
    copied = ", ".join(fresh.get(name, f'"{name}"') for name in names)
    each = "generate_series(CAST(:first AS int), CAST(:last AS int)) n"
    copying = f"INSERT INTO opinion ({', '.join(names)}) SELECT {copied} FROM opinion, {each} WHERE id = :id"
    for first in range(1, number, 10_000):
        async with place.service.tx() as tx:
            await tx.execute(text(copying), {"id": kept.id, "first": first, "last": first + 9_999})
    for kind in ("classified", "assigned", "replied"):
        async with place.service.tx() as tx:
            entering = "INSERT INTO timeline_entry (id, opinion_id, at, kind, round, case_version)"
            copied = "gen_random_uuid(), id, submitted_at, CAST(:kind AS text), 1, 2"
            await tx.execute(text(f"{entering} SELECT {copied} FROM opinion"), {"kind": kind})


@pytest.mark.slow
async def test_many_opinions_are_counted_in_the_database(place: Place, capsys: Any) -> None:
    await many(place, OPINIONS)
    async with place.service.database.engine.connect() as connection:
        await connection.execute(text("COMMIT"))
        await connection.execute(text("ANALYZE opinion"))
        await connection.execute(text("ANALYZE timeline_entry"))
        await connection.commit()
    began = time.perf_counter()
    found = await figures(place, since="2026-06-01", until="2026-06-30", by="region")
    took = time.perf_counter() - began
    with capsys.disabled():
        print(f"\nfigures of {found['total']['received']} opinions by region: {took:.2f} s")
    assert found["total"]["received"] > 0.9 * OPINIONS
