from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mediations import rules
from shared.events.intake_mediations import MediationConcluded, MediationOpened
from tests.intake.conftest import Place
from tests.intake.people import COUNTY, ENDED, NEAR, OTHER_TOWN, VILLAGE, clerk, deputy, refused, told, version

PARTIES = [
    {"side": "applicant", "name": "欧阳金丝雀", "phone": "13912345678"},
    {"side": "respondent", "name": "司徒百灵"},
]


def dispute(**changes: Any) -> dict[str, Any]:
    body = {"kind": "property", "source": "court", "region": VILLAGE, "summary": "物业费纠纷，致电13712345678", "parties": PARTIES}
    return {**body, **changes}


@dataclass
class Case:
    """A dispute, its newest state kept."""

    place: Place
    found: dict[str, Any]

    async def act(self, verb: str, body: dict[str, Any] | None = None, who: dict[str, str] | None = None) -> Any:
        answer = await self.place.post(f"/mediations/{self.found['id']}/{verb}", body, who or clerk(), **version(self.found))
        if answer.status_code < 300 and "version" in answer.json():
            self.found = answer.json()
        return answer

    async def agree(self) -> None:
        for party in self.found["parties"]:
            assert (await self.act(f"parties/{party['id']}/agree")).status_code == 200

    async def conclude(self, outcome: str, who: dict[str, str] | None = None) -> Any:
        return await self.act("conclude", {"outcome": outcome, "result": "双方签订协议"}, who)


async def opened(place: Place, **changes: Any) -> Case:
    answer = await place.post("/mediations", dispute(**changes), clerk())
    assert answer.status_code == 201, answer.text
    return Case(place, answer.json())


async def in_session(place: Place) -> Case:
    case = await opened(place)
    await case.act("mediators", {"deputy_id": str(NEAR), "no_interest": True})
    await case.agree()
    assert (await case.act("sessions", {"on": "2026-06-01", "note": "首次调解"}, deputy())).status_code == 201
    return case


async def test_a_case_goes_from_the_dispute_by_agreement_and_session_to_its_outcome(place: Place) -> None:
    case = await opened(place)
    assert (case.found["state"], case.found["kind_label"]) == ("opened", "物业纠纷")
    session = {"on": "2026-06-01", "note": "首次调解"}
    refused(await case.act("sessions", session), 409, "NotAllAgreed")
    first, second = case.found["parties"]
    await case.act(f"parties/{first['id']}/agree")
    assert case.found["state"] == "opened"
    refused(await case.act(f"parties/{first['id']}/agree"), 409, "AgreedBefore")
    await case.act(f"parties/{second['id']}/agree")
    assert case.found["state"] == "in_mediation"
    refused(await case.act("sessions", session), 409, "NoMediatorYet")
    await case.act("mediators", {"deputy_id": str(NEAR), "no_interest": True})
    await case.act("mediators", {"name": "特邀调解员老周", "no_interest": True})
    assert [one["name"] for one in case.found["mediators"]] == ["姜一诺", "特邀调解员老周"]
    refused(await case.conclude("succeeded"), 409, "NoSessionYet")
    refused(await case.act("sessions", {**session, "on": "2026-06-02"}), 422, "SessionInFuture")
    await case.act("sessions", session, deputy())
    await case.conclude("succeeded", deputy())
    assert (case.found["state"], case.found["outcome"], case.found["concluded_on"]) == ("concluded", "succeeded", "2026-06-01")
    refused(await case.conclude("failed"), 409, "MediationIsOver")
    [event] = await told(place.service, MediationConcluded)
    assert (event.outcome, event.deputies, event.kind) == ("succeeded", (NEAR,), "property")
    assert len(await told(place.service, MediationOpened)) == 1


async def test_a_case_may_be_withdrawn_at_any_time(place: Place) -> None:
    case = await opened(place)
    assert (await case.conclude("withdrawn")).json()["outcome"] == "withdrawn"


async def test_a_mediator_is_one_person_without_interest_and_appointed_once(place: Place) -> None:
    case = await opened(place)
    refused(await case.act("mediators", {"no_interest": True}), 422, "MediatorUnclear")
    refused(await case.act("mediators", {"deputy_id": str(NEAR), "name": "老周", "no_interest": True}), 422, "MediatorUnclear")
    refused(await case.act("mediators", {"deputy_id": str(NEAR), "no_interest": False}), 422, "MediatorInterested")
    refused(await case.act("mediators", {"deputy_id": str(ENDED), "no_interest": True}), 409, "MandateNotActive")
    assert (await case.act("mediators", {"deputy_id": str(NEAR), "no_interest": True})).status_code == 201
    refused(await case.act("mediators", {"deputy_id": str(NEAR), "no_interest": True}), 409, "MediatorAppointedBefore")


async def test_parties_are_sealed_and_read_by_who_mediates_with_a_purpose_that_is_kept(place: Place) -> None:
    case = await in_session(place)
    rows = await place.service.rows()
    kept = "".join(rows["mediation_party"]) + "".join(rows["mediation"])
    shown = json.dumps([e.data() for e in await place.service.outbox()]) + json.dumps(case.found, ensure_ascii=False)
    for secret in ("欧阳金丝雀", "司徒百灵", "13912345678", "13712345678", "欧阳金丝雀".encode().hex()):
        assert secret not in kept
        assert secret not in shown
    path = f"/mediations/{case.found['id']}/parties/{case.found['parties'][0]['id']}/contact"
    refused(await place.post(path, {"purpose": "好奇"}, deputy(COUNTY)), 404, "MediationUnknown")
    assert (await place.post(path, {"purpose": "arrange"}, deputy())).json() == {"name": "欧阳金丝雀", "phone": "13912345678"}
    assert len((await place.service.rows())["contact_view"]) == 1
    await case.conclude("failed")
    refused(await place.post(path, {"purpose": "arrange"}, deputy()), 409, "MediationIsOver")


async def test_a_deputy_sees_the_cases_in_which_they_mediate_and_staff_those_of_their_region(place: Place) -> None:
    case = await in_session(place)
    await opened(place)
    assert len((await place.get("/mediations", deputy())).json()["items"]) == 1
    assert len((await place.get("/mediations", clerk())).json()["items"]) == 2
    assert len((await place.get("/mediations", clerk(), state="in_mediation")).json()["items"]) == 1
    for stranger in (deputy(COUNTY), clerk(OTHER_TOWN)):
        refused(await place.get(f"/mediations/{case.found['id']}", stranger), 404, "MediationUnknown")
        assert (await place.get("/mediations", stranger)).json()["items"] == []


async def test_the_success_rate_is_told_with_its_base(place: Place) -> None:
    for outcome in ("succeeded", "succeeded", "failed"):
        await (await in_session(place)).conclude(outcome)
    await (await opened(place)).conclude("withdrawn")
    await opened(place)
    span = {"since": "2026-06-01", "until": "2026-06-30"}
    assert (await place.get("/mediations/figures", clerk(), **span)).json() == {
        "open": 1,
        "concluded": 4,
        "succeeded": 2,
        "failed": 1,
        "withdrawn": 1,
        "success_percent": "50.0",
    }
    nothing = (await place.get("/mediations/figures", clerk(), since="2026-01-01", until="2026-01-31")).json()
    assert (nothing["concluded"], nothing["success_percent"]) == (0, None)


def test_the_rate_is_that_of_the_report_of_ordos() -> None:
    # 913 cases, 712 succeeded (S4 鄂尔多斯).
    assert rules.figures_of(0, {"succeeded": 712, "failed": 201}).success_percent == Decimal("78.0")


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_the_parts_add_up_to_the_base(succeeded: int, failed: int, withdrawn: int) -> None:
    found = rules.figures_of(0, {"succeeded": succeeded, "failed": failed, "withdrawn": withdrawn})
    assert found.concluded == succeeded + failed + withdrawn
    assert (found.success_percent is None) == (found.concluded == 0)
    if found.success_percent is not None:
        assert abs(found.success_percent * found.concluded - 100 * succeeded) <= Decimal("0.05") * found.concluded


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"kind": "unheard_of"}, 422, "KindUnknown"),
        ({"source": "unheard_of"}, 422, "KindUnknown"),
        ({"parties": [PARTIES[0], PARTIES[0]]}, 422, "PartiesMissing"),
        ({"parties": PARTIES[:1]}, 422, "InvalidRequest"),
        ({"region": OTHER_TOWN}, 403, "RegionOutOfReach"),
    ],
)
async def test_what_does_not_fit_is_refused_and_keeps_nothing(place: Place, changes: dict[str, Any], status: int, code: str) -> None:
    refused(await place.post("/mediations", dispute(**changes), clerk()), status, code)
    rows = await place.service.rows()
    assert not rows["mediation"]
    assert not rows["mediation_party"]
