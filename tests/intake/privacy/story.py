"""One matter of each kind that keeps contact data, in the small place of the tests."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from services.intake.privacy.settings import Group
from shared.clock import now
from shared.events.intake import OpinionSubmitted
from shared.events.intake_privacy import MatterKind
from tests.intake.appointments.story import book, offered
from tests.intake.conftest import Place, form
from tests.intake.mediations.test_mediations import dispute
from tests.intake.people import COUNTY, clerk, deputy, station_code, told
from tests.intake.petitions.test_petitions import petition
from tests.intake.suggestions.conftest import FORM

NAME, PHONE, WRITTEN = "欧阳金丝雀", "13912345678", "13712345678"
CONTACT = {"name": NAME, "phone": PHONE}


@dataclass(frozen=True)
class Kept:
    """A matter with contact data, and what its person took away."""

    kind: MatterKind
    id: uuid.UUID
    number: str = ""
    lookup_code: str = ""


async def opinion(place: Place, **changes: Any) -> Kept:
    body = {"code": station_code(), "contact": CONTACT, "text": f"请打{WRITTEN}", **changes}
    slip = (await place.post("/opinions", form(**body))).json()
    submitted = next(e for e in await told(place.service, OpinionSubmitted) if e.number == slip["number"])
    return Kept("opinion", submitted.opinion_id, slip["number"], slip["lookup_code"])


async def appointment(place: Place) -> Kept:
    [slot] = await offered(place)
    slip = (await book(place, slot, contact=CONTACT, topic=f"请打{WRITTEN}")).json()
    [found] = (await place.get("/appointments", deputy())).json()["items"]
    return Kept("appointment", uuid.UUID(found["id"]), slip["number"], slip["lookup_code"])


async def petitioned(place: Place) -> Kept:
    slip = (await place.post("/petitions", petition(contact=CONTACT), clerk())).json()
    return Kept("petition", uuid.UUID(slip["id"]), slip["number"], slip["lookup_code"])


async def party(place: Place) -> Kept:
    case = (await place.post("/mediations", dispute(), clerk())).json()
    return Kept("mediation_party", uuid.UUID(case["parties"][0]["id"]))


async def suggestion(place: Place) -> Kept:
    shown = (await place.post("/suggestions", FORM, deputy(COUNTY))).json()
    path = f"/suggestions/{shown['id']}/contact"
    headers = {**deputy(COUNTY), "If-Match": str(shown["version"])}
    answer = await place.service.client.put(path, json={"phone": PHONE, "address": "湖塘镇"}, headers=headers)
    assert answer.status_code < 300, answer.text
    return Kept("suggestion", uuid.UUID(shown["id"]))


async def one_of_each(place: Place) -> dict[MatterKind, Kept]:
    """A matter of every kind."""
    made = [await make(place) for make in (opinion, suggestion, appointment, petitioned, party)]
    return {one.kind: one for one in made}


KEYS = (
    "SELECT opinion_id FROM contact UNION ALL SELECT suggestion_id FROM suggestion_contact "
    "UNION ALL SELECT id FROM appointment WHERE key_wrapped IS NOT NULL OR name_box IS NOT NULL OR phone_box IS NOT NULL "
    "UNION ALL SELECT id FROM petition WHERE key_wrapped IS NOT NULL OR name_box IS NOT NULL OR phone_box IS NOT NULL "
    "UNION ALL SELECT id FROM mediation_party WHERE key_wrapped IS NOT NULL OR name_box IS NOT NULL OR phone_box IS NOT NULL"
)


async def keys(place: Place) -> set[uuid.UUID]:
    """The matters of which anything sealed is kept."""
    async with place.service.tx() as tx:
        return set((await tx.execute(text(KEYS))).scalars())


async def over(place: Place) -> None:
    """Ends each matter now, as its own verbs would."""
    async with place.service.tx() as tx:
        for statement in (
            "UPDATE opinion SET status = 'closed', status_at = :now",
            "UPDATE appointment SET state = 'concluded', concluded_at = :now",
            "UPDATE petition SET state = 'closed', \"end\" = 'withdrawn', closed_at = :now",
            "UPDATE mediation SET state = 'concluded', outcome = 'withdrawn', concluded_on = CAST(:now AS date)",
        ):
            await tx.execute(text(statement), {"now": now()})


GROUP_OF: dict[MatterKind, Group] = {
    "opinion": "opinion_closed",
    "appointment": "appointment_over",
    "petition": "petition_closed",
    "mediation_party": "mediation_concluded",
}
