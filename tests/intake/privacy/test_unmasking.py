"""Contact data are shown masked; reading them whole takes a permission, a purpose of the list, and leaves a row."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from tests import kit
from tests.intake.conftest import Place
from tests.intake.people import NEAR, OTHER_TOWN, clerk, deputy, desk, refused
from tests.intake.privacy.story import CONTACT, NAME, PHONE, Kept, one_of_each, opinion


async def unmask(place: Place, kept: Kept, purpose: str = "reply", who: dict[str, str] | None = None) -> Any:
    return await place.post(f"/opinions/{kept.id}/contact", {"purpose": purpose}, who or desk())


async def audited(place: Place) -> list[dict[str, Any]]:
    await place.service.app.state.audit.seal_all()
    async with place.service.tx() as tx:
        return [json.loads(row) for row in (await tx.execute(text("SELECT to_jsonb(a)::text FROM kit_audit a ORDER BY seq"))).scalars()]


async def test_a_matter_of_every_kind_shows_its_contact_data_masked(place: Place) -> None:
    for kind, kept in (await one_of_each(place)).items():
        answer = await place.get(f"/personal/{kind}/{kept.id}/contact", desk())
        assert answer.status_code == 200 and answer.json()["masked"], answer.text
        assert answer.json()["fields"]["phone"] == "139****5678"
        assert answer.json()["fields"].get("name", "欧**") == "欧**"
        assert NAME not in answer.text and PHONE not in answer.text


async def test_unmasking_names_actor_matter_and_purpose_in_the_audit_and_never_the_value(place: Place) -> None:
    kept = await opinion(place)
    answer = await unmask(place, kept)
    assert answer.json() == {"masked": False, "fields": CONTACT}
    rows = await audited(place)
    [row] = [one for one in rows if one["action"] == "POST /opinions/{opinion_id}/contact"]
    account = json.loads((await place.service.rows())["contact_view"][0])["by"]
    assert (row["actor"], row["outcome"]) == (account, "done")
    assert row["object"] == [str(kept.id), "purpose:reply"] and row["body_hash"] is None
    assert not any(secret in json.dumps(rows, ensure_ascii=False) for secret in (NAME, PHONE))


@pytest.mark.parametrize(
    ("who", "purpose", "status", "code"),
    [
        (desk, "curiosity", 422, "PurposeUnknown"),
        (lambda: clerk(OTHER_TOWN), "reply", 404, "MatterUnknown"),
        (deputy, "reply", 404, "MatterUnknown"),
        (lambda: desk("leader"), "reply", 403, "NotPermitted"),
        (lambda: kit.token("desk", permissions=["opinion.read", "personal.read"]), "reply", 403, "NotPermitted"),
    ],
)
async def test_without_right_or_purpose_nothing_is_opened(
    place: Place, who: Callable[[], dict[str, str]], purpose: str, status: int, code: str
) -> None:
    kept = await opinion(place)
    refused(await unmask(place, kept, purpose, who()), status, code)
    assert not (await place.service.rows())["contact_view"]
    assert [row["outcome"] for row in await audited(place) if "/contact" in row["action"]] == [code]


async def test_a_matter_without_contact_data_says_so(place: Place) -> None:
    refused(await unmask(place, await opinion(place, contact=None)), 404, "NoContactKept")
    refused(await unmask(place, Kept("opinion", uuid.UUID(int=1))), 404, "MatterUnknown")


async def test_the_doors_of_each_noun_ask_for_a_purpose_of_the_list_too(place: Place) -> None:
    made = await one_of_each(place)
    path = f"/appointments/{made['appointment'].id}/contact"
    refused(await place.post(path, {"purpose": "好奇"}, deputy()), 422, "PurposeUnknown")
    host = kit.token("deputy", deputy_id=NEAR, permissions=["appointment.host"])
    refused(await place.post(path, {"purpose": "arrange"}, host), 403, "NotPermitted")
    assert (await place.post(path, {"purpose": "arrange"}, deputy())).json() == CONTACT
    [row] = [
        one for one in await audited(place) if one["action"] == "POST /appointments/{appointment_id}/contact" and one["outcome"] == "done"
    ]
    assert row["object"] == [str(made["appointment"].id), "purpose:arrange"]


async def test_the_lists_are_told_in_both_languages(place: Place) -> None:
    found = (await place.get("/privacy/lists", desk())).json()
    assert found["purposes"][0] == {"code": "reply", "label": "答复当事人"}
    assert (await place.get("/privacy/lists", desk(), {"Accept-Language": "en"})).json()["hold_grounds"][0]["label"] == "In court"
