from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.petitions import rules
from services.intake.petitions.settings import PetitionPolicy
from services.intake.settings import IntakePolicy
from shared.errors import Refused
from shared.events.intake import OpinionSubmitted
from shared.events.intake_petitions import PetitionClosed, PetitionConsentGiven, PetitionEntered, PetitionTransferred
from shared.profile import load
from shared.settings import ROOT
from tests.intake.conftest import Place
from tests.intake.people import COUNTY, ENDED, NEAR, OTHER_TOWN, TOWN, VILLAGE, at, clerk, deputy, refused, told, version

PETITIONER = {"name": "欧阳金丝雀", "phone": "13912345678"}
HOUSING = {"organisation": "housing", "method": "forwarded"}


def petition(**changes: Any) -> dict[str, Any]:
    body = {"deputy_id": str(NEAR), "region": VILLAGE, "title": "房屋漏水", "text": "多次反映未果，电话13712345678", "contact": PETITIONER}
    return {**body, **changes}


@dataclass
class Case:
    """A petition and the doors of those concerned."""

    place: Place
    slip: dict[str, Any]

    async def now(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.place.get(f"/petitions/{self.slip['id']}", deputy())).json()
        return found

    async def own(self, verb: str) -> Any:
        headers = {"X-Lookup-Code": self.slip["lookup_code"]}
        return await self.place.post(f"/public/petitions/{self.slip['number']}/{verb}", {}, **headers)

    async def act(self, verb: str, body: dict[str, Any], who: dict[str, str] | None = None) -> Any:
        return await self.place.post(f"/petitions/{self.slip['id']}/{verb}", body, who or deputy(), **version(await self.now()))


async def entered(place: Place, **changes: Any) -> Case:
    answer = await place.post("/petitions", petition(**changes), clerk())
    assert answer.status_code == 201, answer.text
    return Case(place, answer.json())


async def test_nothing_is_done_before_the_petitioner_consents(place: Place) -> None:
    case = await entered(place)
    refused(await case.act("transfers", HOUSING), 409, "ConsentMissing")
    refused(await case.act("close", {"told": "已告知"}), 409, "ConsentMissing")
    refused(await case.act("contact", {"purpose": "联系"}), 409, "ConsentMissing")
    wrong = await place.post(f"/public/petitions/{case.slip['number']}/consent", {}, **{"X-Lookup-Code": "0000-0000-0000"})
    refused(wrong, 404, "PetitionUnknown")
    assert (await case.own("consent")).json()["state"] == "consented"
    refused(await case.own("consent"), 409, "ConsentGivenBefore")
    assert (await case.act("transfers", HOUSING)).status_code == 201
    assert (await case.act("contact", {"purpose": "arrange"})).json() == PETITIONER
    assert [e.deputy_id for e in await told(place.service, PetitionConsentGiven)] == [NEAR]


async def test_a_signed_sheet_is_consent_too(place: Place) -> None:
    case = await entered(place)
    found = (await case.act("consent", {"document": "2026-012 号同意书"}, clerk())).json()
    assert (found["state"], found["consent_by"]) == ("consented", "paper")
    refused(await case.act("consent", {"document": "2026-012 号同意书"}, clerk()), 409, "ConsentGivenBefore")


async def test_the_loop_is_closed_when_every_organ_answered_and_the_petitioner_was_told(place: Place) -> None:
    case = await entered(place)
    await case.own("consent")
    refused(await case.act("close", {"told": "已告知"}), 409, "LoopOpen")
    refused(await case.act("transfers", {**HOUSING, "organisation": "nobody"}), 422, "OrganisationUnknown")
    await case.act("transfers", HOUSING)
    await case.act("transfers", {**HOUSING, "method": "handed_over", "reference": "督 12"})
    first, second = (await case.now())["transfers"]
    assert first["due_at"] == "2026-07-31T15:59:59.999999Z"
    answer = {"text": "已安排维修"}
    assert (await case.act(f"transfers/{first['id']}/answer", answer)).json()["state"] == "transferred"
    refused(await case.act(f"transfers/{first['id']}/answer", answer), 409, "AnsweredBefore")
    open_still = await case.act("close", {"told": "已告知"})
    refused(open_still, 409, "LoopOpen")
    assert open_still.json()["unanswered"] == 1
    refused(await case.act(f"transfers/{uuid.UUID(int=1)}/answer", answer), 404, "TransferUnknown")
    assert (await case.act(f"transfers/{second['id']}/answer", answer)).json()["state"] == "answered"
    lead = {"title": "老旧小区漏水", "text": "建议列入民生实事"}
    closed = (await case.act("close", {"told": "已当面告知", "lead": lead})).json()
    assert (closed["petition"]["state"], closed["petition"]["end"]) == ("closed", "answered")
    [opinion] = await told(place.service, OpinionSubmitted)
    assert (opinion.number, opinion.target_id) == (closed["lead"]["number"], NEAR)
    assert not (await place.service.rows())["contact"]
    [event] = await told(place.service, PetitionClosed)
    assert (event.end, event.transfers, event.deputy_id) == ("answered", 2, NEAR)
    refused(await case.act("transfers", HOUSING), 409, "PetitionIsClosed")
    refused(await case.own("withdraw"), 409, "PetitionIsClosed")
    assert len(await told(place.service, PetitionTransferred)) == 2


async def test_the_petitioner_takes_it_back_at_any_time_and_sees_how_far_it_is(place: Place) -> None:
    case = await entered(place)
    await case.own("consent")
    await case.act("transfers", HOUSING)
    headers = {"X-Lookup-Code": case.slip["lookup_code"]}
    seen = (await place.get(f"/public/petitions/{case.slip['number']}", headers=headers)).json()
    assert (seen["state"], [one["organisation"] for one in seen["transfers"]]) == ("transferred", ["housing"])
    assert (await case.own("withdraw")).json()["end"] == "withdrawn"
    refused(await case.act("transfers", HOUSING), 409, "PetitionIsClosed")
    refused(await case.act("contact", {"purpose": "联系"}), 409, "PetitionIsClosed")


async def test_what_a_deputy_does_not_take_is_declined_on_a_ground_before_it_is_passed_on(place: Place) -> None:
    case, other = await entered(place), await entered(place)
    refused(await case.act("decline", {"ground": "unheard_of"}), 422, "GroundUnknown")
    assert (await case.act("decline", {"ground": "own_interest"})).json()["end"] == "not_taken"
    await other.own("consent")
    await other.act("transfers", HOUSING)
    refused(await other.act("decline", {"ground": "own_interest"}), 409, "AlreadyTransferred")


async def test_an_answer_that_is_late_shows(place: Place) -> None:
    case = await entered(place)
    await case.own("consent")
    await case.act("transfers", HOUSING)
    place.go_to(at("2026-07-31", "23:59"))
    assert [one["overdue"] for one in (await case.now())["transfers"]] == [False]
    place.go_to(at("2026-08-01", "00:00"))
    assert [one["overdue"] for one in (await case.now())["transfers"]] == [True]


async def test_only_its_deputy_and_staff_of_the_region_see_a_petition_and_act_in_it(place: Place) -> None:
    case = await entered(place)
    for stranger in (deputy(COUNTY), clerk(OTHER_TOWN)):
        refused(await place.get(f"/petitions/{case.slip['id']}", stranger), 404, "PetitionUnknown")
        refused(await case.act("transfers", HOUSING, stranger), 404, "PetitionUnknown")
        assert (await place.get("/petitions", stranger)).json()["items"] == []
    refused(await place.post("/petitions", petition(), deputy(COUNTY)), 403, "NotYourPetition")
    refused(await place.post("/petitions", petition(deputy_id=str(ENDED)), clerk()), 409, "MandateNotActive")
    refused(await place.post("/petitions", petition(region=OTHER_TOWN), clerk()), 403, "RegionOutOfReach")
    stale = await place.post(f"/petitions/{case.slip['id']}/decline", {"ground": "in_court"}, deputy(), **{"If-Match": "7"})
    refused(stale, 409, "StaleVersion")
    assert len((await place.get("/petitions", clerk(TOWN), state="awaiting_consent")).json()["items"]) == 1


async def test_who_petitions_is_in_no_event_no_list_and_no_row_in_the_clear(place: Place) -> None:
    case = await entered(place)
    rows = "".join((await place.service.rows())["petition"])
    shown = json.dumps([e.data() for e in await place.service.outbox()]) + json.dumps(await case.now(), ensure_ascii=False)
    for secret in (*PETITIONER.values(), PETITIONER["name"].encode().hex(), case.slip["lookup_code"]):
        assert secret not in rows
        assert secret not in shown
    assert "13712345678" not in shown
    assert len(await told(place.service, PetitionEntered)) == 1


POLICY: PetitionPolicy = load(ROOT / "deploy" / "profiles" / "wujin.yaml", "intake", IntakePolicy).petitions


@dataclass
class Held:
    state: str = "awaiting_consent"
    end: str | None = None


@dataclass
class Passed:
    answered_at: datetime | None = None


@given(st.lists(st.sampled_from(["consent", "transfer", "answer", "close", "decline", "withdraw"]), max_size=12))
def test_in_whatever_order_things_are_tried_nothing_is_passed_on_without_consent_nor_closed_with_an_open_transfer(asked: list[str]) -> None:
    held, passed, consented = Held(), [], False
    for verb in asked:
        try:
            match verb:
                case "consent":
                    rules.check_consentable(held)
                    held.state, consented = "consented", True
                case "transfer":
                    rules.check_acting(held)
                    assert consented
                    passed.append(Passed())
                    held.state = "transferred"
                case "answer":
                    rules.check_acting(held)
                    if passed:
                        rules.check_unanswered(passed[-1])
                        passed[-1].answered_at = at("2026-06-01")
                    held.state = rules.state_after(passed)
                case "close":
                    rules.check_loop_closed(held, passed)
                    assert passed and all(one.answered_at for one in passed)
                    held.state, held.end = "closed", "answered"
                case "decline":
                    rules.check_declinable(held, POLICY, "in_court")
                    assert not passed
                    held.state, held.end = "closed", "not_taken"
                case "withdraw":
                    rules.check_open(held)
                    held.state, held.end = "closed", "withdrawn"
        except Refused:
            continue
    assert (held.end is not None) == (held.state == "closed")


@pytest.mark.parametrize("changes", [{"contact": {}}, {"title": ""}, {"more": 1}, {"deputy_id": "x"}])
async def test_what_does_not_fit_is_refused_and_keeps_nothing(place: Place, changes: dict[str, Any]) -> None:
    refused(await place.post("/petitions", petition(**changes), clerk()), 422, "InvalidRequest")
    assert not (await place.service.rows())["petition"]
