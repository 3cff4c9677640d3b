"""Erasing destroys the key: for the person by lookup code, for staff by a ground, never under a hold, and for good."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.intake.privacy import actions
from shared.clock import now
from shared.events.intake_privacy import MatterErased
from tests import kit
from tests.intake.conftest import Place
from tests.intake.people import AWAY, COUNTY, OTHER_TOWN, YEARS, clerk, deputy, desk, refused, told
from tests.intake.privacy.story import GROUP_OF, WRITTEN, Kept, keys, one_of_each, opinion, over, petitioned, suggestion


async def own(place: Place, kept: Kept, code: str = "") -> Any:
    headers = {"X-Lookup-Code": code or kept.lookup_code}
    return await place.post("/public/erasures", {"number": kept.number}, **headers)


async def by_staff(place: Place, kept: Kept, verb: str = "erase", ground: str = "asked", who: dict[str, str] | None = None) -> Any:
    return await place.post(f"/personal/{kept.kind}/{kept.id}/{verb}", {"ground": ground}, who or desk())


@pytest.mark.parametrize("kind", ["opinion", "appointment", "petition"])
async def test_a_person_has_their_data_erased_with_the_lookup_code_and_only_so(place: Place, kind: Any) -> None:
    made = await one_of_each(place)
    await over(place)
    refused(await own(place, made[kind], "0000-0000-0000"), 404, "MatterUnknown")
    assert await keys(place) >= {one.id for one in made.values()}
    answer = await own(place, made[kind])
    assert (answer.json()["kind"], answer.json()["ground"]) == (kind, "person"), answer.text
    assert made[kind].id not in await keys(place)
    assert {one.id for one in made.values()} - await keys(place) == {made[kind].id}
    again = await own(place, made[kind])
    assert again.json() == answer.json()
    assert [e.matter_id for e in await told(place.service, MatterErased)] == [made[kind].id]


@pytest.mark.parametrize("kind", ["opinion", "suggestion", "appointment", "petition", "mediation_party"])
async def test_staff_erase_every_kind_on_a_ground_of_the_list(place: Place, kind: Any) -> None:
    made = await one_of_each(place)
    await over(place)
    refused(await by_staff(place, made[kind], ground="because"), 422, "GroundNotListed")
    refused(await by_staff(place, made[kind], who=clerk()), 403, "NotPermitted")
    answer = await by_staff(place, made[kind])
    assert answer.status_code == 200, answer.text
    assert made[kind].id not in await keys(place)
    [event] = await told(place.service, MatterErased)
    assert (event.matter_id, event.matter_kind, event.ground) == (made[kind].id, kind, "asked")


async def test_staff_erase_in_their_region_and_a_lead_deputy_the_own_data_only(place: Place) -> None:
    made = await one_of_each(place)
    elsewhere = kit.token("desk", region=OTHER_TOWN, expires_in=YEARS)
    refused(await by_staff(place, made["opinion"], who=elsewhere), 404, "MatterUnknown")
    refused(await by_staff(place, made["suggestion"], who=deputy(AWAY)), 404, "MatterUnknown")
    refused(await by_staff(place, made["opinion"], who=deputy(COUNTY)), 404, "MatterUnknown")
    assert (await by_staff(place, made["suggestion"], who=deputy(COUNTY))).status_code == 200
    assert made["suggestion"].id not in await keys(place)


async def test_what_is_under_way_is_not_erased(place: Place) -> None:
    made = await one_of_each(place)
    for kind in ("appointment", "petition"):
        refused(await own(place, made[kind]), 409, "MatterStillOpen")
    refused(await by_staff(place, made["mediation_party"]), 409, "MatterStillOpen")
    assert await keys(place) >= {one.id for one in made.values()}
    assert not await told(place.service, MatterErased)


async def test_erasing_masks_the_numbers_that_people_wrote_into_their_texts(place: Place) -> None:
    made = await one_of_each(place)
    await over(place)
    rows = await place.service.rows()
    assert all(WRITTEN in "".join(rows[table]) for table in ("opinion", "appointment", "petition"))
    for kind in ("opinion", "appointment", "petition"):
        await own(place, made[kind])
    rows = await place.service.rows()
    assert not any(WRITTEN in "".join(rows[table]) for table in ("opinion", "appointment", "petition"))


async def test_erasing_masks_every_row_about_an_opinion_that_holds_words_of_its_sender(place: Place) -> None:
    kept = await opinion(place)
    mine = {"X-Lookup-Code": kept.lookup_code}
    added = await place.post(f"/opinions/{kept.number}/supplements", {"text": f"再打{WRITTEN}"}, **mine)
    assert added.status_code == 201, added.text
    async with place.service.tx() as tx:
        line = (
            "INSERT INTO timeline_entry (id, opinion_id, at, kind, round, case_version, text) "
            "VALUES (:id, :opinion, now(), 'replied', 1, 5, :text)"
        )
        await tx.execute(text(line), {"id": uuid.uuid4(), "opinion": kept.id, "text": f"已致电{WRITTEN}"})
    where = {table for table, rows in (await place.service.rows()).items() if WRITTEN in "".join(rows)}
    assert where == {"opinion", "supplement", "timeline_entry"}
    await own(place, kept)
    assert not [table for table, rows in (await place.service.rows()).items() if WRITTEN in "".join(rows)]


async def test_a_hold_keeps_the_data_until_it_is_lifted(place: Place) -> None:
    kept = await opinion(place)
    refused(await by_staff(place, kept, "hold", "asked"), 422, "GroundNotListed")
    assert (await by_staff(place, kept, "hold", "in_court")).status_code == 201
    refused(await own(place, kept), 409, "MatterOnHold")
    refused(await by_staff(place, kept), 409, "MatterOnHold")
    assert (await place.post(f"/personal/opinion/{kept.id}/lift", {}, desk())).json()["lifted_at"]
    refused(await place.post(f"/personal/opinion/{kept.id}/lift", {}, desk()), 409, "NotOnHold")
    assert (await own(place, kept)).status_code == 200


async def test_what_was_erased_opens_for_nobody(place: Place) -> None:
    kept = await opinion(place)
    await own(place, kept)
    refused(await place.post(f"/opinions/{kept.id}/contact", {"purpose": "reply"}, desk()), 410, "ContactErased")
    shown = await place.get(f"/personal/opinion/{kept.id}/contact", desk())
    assert shown.json()["fields"] == {"name": None, "phone": None}


async def test_each_rule_erases_what_had_its_time_and_the_dry_run_had_counted_it(place: Place) -> None:
    made = await one_of_each(place)
    await over(place)
    held = await opinion(place)
    await over(place)
    await by_staff(place, held, "hold", "in_court")
    days = {rule["group"]: rule["days"] for rule in (await place.get("/retention", desk())).json()}
    began = now()
    for age in sorted({days[group] for group in GROUP_OF.values()}):
        kinds = {kind: group for kind, group in GROUP_OF.items() if days[group] == age}
        for later in (-1, 6):
            place.go_to(began + timedelta(days=age + later))
            counted = {rule["group"]: rule["due"] for rule in (await place.get("/retention", desk())).json()}
            assert all(bool(counted[group]) is (later > 0) for group in kinds.values()), (age, later)
            async with place.service.tx() as tx:
                await actions.erase_due(tx, now())
            left = await keys(place)
            assert all((made[kind].id in left) is (later < 0) for kind in kinds), (age, later)
    assert held.id in await keys(place)
    assert sum(rule["held"] for rule in (await place.get("/retention", desk())).json() if rule["group"] == "opinion_closed") == 1
    told_of = {(e.matter_id, e.ground) for e in await told(place.service, MatterErased)}
    assert told_of >= {(made[kind].id, "retention") for kind in GROUP_OF}


@pytest.mark.parametrize(("status", "days"), [("refused", 90), ("withdrawn", 30), ("checked", 1825)])
async def test_contacts_of_refused_withdrawn_and_decided_suggestions_have_their_own_time(place: Place, status: str, days: int) -> None:
    kept = await suggestion(place)
    async with place.service.tx() as tx:
        await tx.execute(text("UPDATE suggestion SET status = :status"), {"status": status})
        await tx.execute(
            text(
                "INSERT INTO suggestion_step "
                "(suggestion_id, version, action, from_status, to_status, content_version, by_role, by_account, at) "
                "VALUES (:id, 1, 'x', 'draft', :status, 1, 'desk', :id, :at)"
            ),
            {"id": kept.id, "status": status, "at": now()},
        )
    for later, left in ((days - 1, {kept.id}), (2, set[uuid.UUID]())):
        place.go_to(now() + timedelta(days=later))
        async with place.service.tx() as tx:
            await actions.erase_due(tx, now())
        assert await keys(place) == left


async def test_a_batch_is_no_larger_than_it_may_be_and_the_next_takes_the_rest(place: Place) -> None:
    for _ in range(5):
        await opinion(place)
    await over(place)
    place.go_to(now() + timedelta(days=200))
    done = []
    for _ in range(4):
        async with place.service.tx() as tx:
            done.append(await actions.erase_due(tx, now(), batch=2))
    assert done == [2, 2, 1, 0]


async def test_keys_that_a_restored_backup_brought_back_are_destroyed_again(place: Place) -> None:
    kept, left = await opinion(place), await opinion(place)
    async with place.service.tx() as tx:
        backup = (await tx.execute(text("SELECT * FROM contact WHERE opinion_id = :id"), {"id": kept.id})).mappings().one()
    await own(place, kept)
    async with place.service.tx() as tx:
        await tx.execute(text("INSERT INTO contact VALUES (:opinion_id, :key_wrapped, :name_box, :phone_box, :given_at)"), dict(backup))
    assert kept.id in await keys(place)
    async with place.service.tx() as tx:
        assert await actions.erase_again(tx) == 1
    assert await keys(place) == {left.id}
    assert [e.ground for e in await told(place.service, MatterErased)] == ["person", "restored"]


async def test_the_audit_names_who_erased_what_and_no_lookup_code(place: Place) -> None:
    kept = await petitioned(place)
    await over(place)
    await own(place, kept)
    await place.service.app.state.audit.seal_all()
    async with place.service.tx() as tx:
        rows = [json.loads(r) for r in (await tx.execute(text("SELECT to_jsonb(a)::text FROM kit_audit a"))).scalars()]
    [row] = [r for r in rows if r["action"] == "POST /public/erasures"]
    assert (row["actor"], row["outcome"]) == ("anyone", "done") and str(kept.id) in row["object"]
    assert kept.lookup_code not in json.dumps(rows)
