"""Layers of supervision (多层次督办): the desk, counterpart committees, several bodies together; departments handle and nobody else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from services.directory.accounts.rules import permissions_of
from shared.events.routing_supervising import SupervisionNoted, SupervisionPushed, SupervisorJoined, SupervisorLeft
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, REPLY, Routing, made, ok, refused

URBAN = kit.token("committee", organisation="urban_committee")
JUSTICE = kit.token("committee", organisation="justice_committee")


async def committees(routing: Routing) -> None:
    names = ("urban_committee", "justice_committee", "standing_committee")
    await routing.service.deliver(*(golden.organisation(0, name, occurred_at=LONG_AGO) for name in names))


def path(name: str, more: str) -> str:
    return f"/cases/{golden.case_id(name)}/{more}"


async def pushed(routing: Routing, who: dict[str, str], words: str = "请加快办理，联系 13812345678") -> Any:
    return await routing.post(path("a", "notes"), {"kind": "push", "text": words}, None, who)


async def test_the_congress_leads_the_department_handles_and_the_counterpart_committee_pushes(routing):
    """常委会主导、承办单位主办、多层次督办: each level does its own part and is refused the others'."""
    await committees(routing)
    case = await routing.opened("a", None)
    case = ok(await routing.act("a", "assign", case["version"], {"lead": "housing"}))
    assert ok(await routing.get(f"/cases/{case['id']}", URBAN))["number"] == case["number"]
    assert [one["case_id"] for one in ok(await routing.get("/supervised-cases", URBAN))["items"]] == [case["id"]]
    note = made(await pushed(routing, URBAN))["notes"][0]
    assert (note["body"], note["kind"], "13812345678" in note["text"]) == ("urban_committee", "push", True)
    (told,) = await routing.told(SupervisionPushed)
    assert (told.organisation, told.body, told.number, "13812345678" in told.text) == ("housing", "urban_committee", case["number"], False)
    assert [(one.note, one.body) for one in await routing.told(SupervisionNoted)] == [("push", "urban_committee")]
    for action, body in (("accept", None), ("object", {"reason": "r"}), ("reply", REPLY), ("assign", {"lead": "transport"})):
        refused(await routing.act("a", action, case["version"], body, URBAN), 403, "NotPermitted")
    refused(await pushed(routing, kit.token("department")), 403, "NotPermitted")
    refused(await pushed(routing, kit.token("leader")), 403, "NotPermitted")
    refused(await routing.get("/cases", URBAN), 403, "NotPermitted")
    case = ok(await routing.act("a", "accept", case["version"]))
    assert ok(await routing.act("a", "reply", case["version"], REPLY))["status"] == "replied"
    seen = ok(await routing.get(path("a", "supervision"), kit.token("department")))
    assert [one["text"] for one in seen["notes"]] == ["请加快办理，联系 13812345678"]


async def test_a_committee_sees_no_case_of_departments_that_are_not_its_own(routing):
    await committees(routing)
    case = await routing.opened("a")
    refused(await routing.get(f"/cases/{case['id']}", JUSTICE), 404, "CaseNotFound")
    refused(await routing.get(path("a", "supervision"), JUSTICE), 404, "CaseNotFound")
    refused(await pushed(routing, JUSTICE), 404, "CaseNotFound")
    assert ok(await routing.get("/supervised-cases", JUSTICE))["items"] == []
    elsewhere = kit.token("committee", organisation="urban_committee", region="320412002")
    refused(await routing.get(f"/cases/{case['id']}", elsewhere), 404, "CaseNotFound")
    unknown = kit.token("committee", organisation="no_such_committee")
    refused(await pushed(routing, unknown), 404, "CaseNotFound")


async def test_the_committees_of_a_place_are_its_profiles_to_name(running, tmp_path):
    whole = kit.wujin()
    whole["routing"]["supervising"]["committees"] = {"justice_committee": ["housing"]}
    routing = Routing(await running("routing", profile=kit.profile_file(tmp_path, whole)))
    await routing.service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    case = await routing.opened("a")
    assert ok(await routing.get(f"/cases/{case['id']}", JUSTICE))["id"] == case["id"]
    refused(await routing.get(f"/cases/{case['id']}", URBAN), 404, "CaseNotFound")


async def test_several_bodies_supervise_one_case_each_in_its_role_and_with_its_notes(routing):
    """联督联促."""
    await committees(routing)
    case = await routing.opened("a")
    join = {"organisation": "standing_committee", "role": "lead"}
    ok(await routing.post(path("a", "supervisors"), join, 0))
    ok(await routing.post(path("a", "supervisors"), {"organisation": "justice_committee", "role": "joint"}, 1))
    refused(await routing.post(path("a", "supervisors"), join, 2), 409, "AlreadySupervising")
    refused(await routing.post(path("a", "supervisors"), join | {"role": "boss"}, 2), 422, "UnknownKind")
    refused(await routing.post(path("a", "supervisors"), join | {"organisation": "nobody"}, 2), 422, "UnknownOrganisation")
    refused(await routing.post(path("a", "supervisors"), join, 1), 409, "StaleVersion")
    refused(await routing.post(path("a", "supervisors"), join, 2, URBAN), 403, "NotPermitted")
    assert [one["case_id"] for one in ok(await routing.get("/supervised-cases", JUSTICE))["items"]] == [case["id"]]
    made(await pushed(routing, JUSTICE, "联合现场督办"))
    found = made(await routing.post(path("a", "notes"), {"kind": "follow_up", "text": "已进场施工"}, None, URBAN))
    assert [(one["organisation"], one["kind"]) for one in found["joint"]] == [
        ("standing_committee", "lead"),
        ("justice_committee", "joint"),
    ]
    assert [(one["body"], one["kind"]) for one in found["notes"]] == [("justice_committee", "push"), ("urban_committee", "follow_up")]
    assert [(one.body, one.role) for one in await routing.told(SupervisorJoined)] == [
        ("standing_committee", "lead"),
        ("justice_committee", "joint"),
    ]
    gone = found["joint"][1]["id"]
    found = ok(await routing.post(path("a", f"supervisors/{gone}/leave"), None, 2))
    assert ([one["organisation"] for one in found["joint"]], len(found["notes"])) == (["standing_committee"], 2)
    assert [one.body for one in await routing.told(SupervisorLeft)] == ["justice_committee"]
    refused(await routing.post(path("a", f"supervisors/{gone}/leave"), None, 3), 404, "NotSupervising")
    refused(await routing.get(f"/cases/{case['id']}", JUSTICE), 404, "CaseNotFound")


async def test_nobody_is_pushed_for_a_case_that_no_department_has(routing):
    await routing.opened("a", None)
    assert refused(await pushed(routing, kit.token("desk")), 409, "NobodyToPush")["state"] == "to_assign"
    made(await routing.post(path("a", "notes"), {"kind": "follow_up", "text": "催交办"}))


async def test_the_same_verbs_supervise_a_suggestion(routing):
    await committees(routing)
    await routing.opened("a")
    async with routing.service.tx() as tx:
        await tx.execute(text("UPDATE cases SET matter = 'suggestion'"))
    made(await pushed(routing, URBAN))
    assert len(await routing.told(SupervisionPushed)) == 1


def test_a_committee_reads_and_pushes_and_may_nothing_else_with_cases():
    assert {word for word in permissions_of("committee", False) if word.startswith("case.")} == {"case.read.counterpart", "case.push"}
    for role in ("desk", "department", "committee"):
        assert set(kit.ROLE_PERMISSIONS[role].split()) == set(permissions_of(role, False)) - {"password.change"}
