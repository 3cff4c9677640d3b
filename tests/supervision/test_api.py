"""The doors: projects, their stages, acts, what the public sees, and the list of matters."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from shared.events.supervision import ProjectEntered, StageCompleted, SupervisionActLogged
from tests.supervision import golden

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
PLAN = {"initiation": "2026-01-10", "approval": "2026-03-10", "construction": "2026-08-10", "acceptance": "2026-12-10"}
PROJECT = {"name": "菜市场改造", "board": "livelihood", "owner": "housing", "region": "320412001", "stages": PLAN}


@pytest.fixture
async def service(running):
    with time_machine.travel(NOW):
        service = await running("supervision")
        await service.deliver(*golden.EVENTS)
        yield service


@pytest.fixture
def desk(service, token):
    return token("desk")


@pytest.fixture
def owner(service, token):
    return token("department", organisation="housing")


async def entered(service, desk, **changes):
    answer = await service.client.post("/projects", json={**PROJECT, **changes}, headers=desk)
    assert answer.status_code == 201, answer.text
    return answer.json()


def complete(service, project, stage, who, *, version, day="2026-01-08", note=None):
    return service.client.post(
        f"/projects/{project['id']}/stages/{stage}/complete",
        json={"completed_on": day, "note": note},
        headers={**who, "If-Match": str(version)},
    )


async def test_a_project_is_entered_with_four_planned_stages_and_told_to_everybody(service, desk):
    project = await entered(service, desk)
    assert [s["stage"] for s in project["stages"]] == ["initiation", "approval", "construction", "acceptance"]
    assert project["owner_name"] == "区住房和城乡建设局（区人防办）"
    assert project["version"] == 1
    [told] = await service.outbox()
    assert isinstance(told, ProjectEntered)
    assert (str(told.project_id), told.board, told.owner, told.region) == (project["id"], "livelihood", "housing", "320412001")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"board": "sports"}, 422, "BoardUnknown"),
        ({"owner": "nobody"}, 422, "OwnerUnknown"),
        ({"owner": "transport"}, 422, "OwnerUnknown"),
        ({"region": "320613"}, 403, "RegionOutOfReach"),
        ({"stages": {**PLAN, "approval": "2026-01-09"}}, 422, "PlanOutOfOrder"),
        ({"colour": "red"}, 422, "InvalidRequest"),
    ],
)
async def test_what_cannot_be_entered_is_refused_and_leaves_nothing(service, desk, changes, status, code):
    before = await service.rows()
    answer = await service.client.post("/projects", json={**PROJECT, **changes}, headers=desk)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await service.rows() == before
    assert await service.outbox() == []


async def test_the_owner_completes_stages_in_order(service, desk, owner):
    project = await entered(service, desk)
    skipped = await complete(service, project, "approval", owner, version=1)
    assert (skipped.status_code, skipped.json()["code"]) == (409, "EarlierStageOpen")
    first = await complete(service, project, "initiation", owner, version=1, note="批文已下，联系电话 13812345678")
    assert first.status_code == 200, first.text
    assert first.json()["version"] == 2
    assert first.json()["stages"][0]["note"] == "批文已下，联系电话 1*********8"
    stale = await complete(service, project, "approval", owner, version=1, day="2026-03-20")
    assert (stale.status_code, stale.json()["code"], stale.json()["current"]) == (409, "StaleVersion", 2)
    late = await complete(service, project, "approval", owner, version=2, day="2026-03-20")
    assert late.json()["stages"][1]["delayed"] is True
    assert late.json()["delayed"] is False
    told = [e for e in await service.outbox() if isinstance(e, StageCompleted)]
    assert [(e.stage, e.was_delayed) for e in told] == [("initiation", False), ("approval", True)]


async def test_nobody_but_the_owner_completes_a_stage(service, desk, token):
    project = await entered(service, desk)
    stranger = await complete(service, project, "initiation", token("department", organisation="transport"), version=1)
    assert (stranger.status_code, stranger.json()["code"]) == (403, "NotTheOwner")
    assert (await complete(service, project, "initiation", desk, version=1)).status_code == 403
    path = f"/projects/{project['id']}/stages/initiation/complete"
    missing = await service.client.post(path, json={"completed_on": "2026-01-08"}, headers=token("department", organisation="housing"))
    assert missing.status_code == 428


async def test_the_desk_moves_a_planned_day_and_the_old_one_is_kept(service, desk):
    project = await entered(service, desk)
    path = f"/projects/{project['id']}/stages/construction/replan"
    moved = await service.client.post(path, json={"planned_on": "2026-10-10", "reason": "雨季"}, headers={**desk, "If-Match": "1"})
    assert moved.json()["stages"][2]["planned_on"] == "2026-10-10"
    beyond = await service.client.post(path, json={"planned_on": "2026-12-11", "reason": "再延"}, headers={**desk, "If-Match": "2"})
    assert (beyond.status_code, beyond.json()["code"]) == (422, "PlanOutOfOrder")
    [kept] = (await service.rows())["project_stage_replan"]
    assert '"planned_before": "2026-08-10"' in kept


async def test_a_deputy_logs_one_act_of_a_kind_a_day(service, desk, token):
    project = await entered(service, desk)
    deputy = token("deputy", deputy_id=golden.DEPUTY)
    path = f"/projects/{project['id']}/acts"
    first = await service.client.post(path, json={"kind": "site_visit", "note": "已到现场"}, headers=deputy)
    assert (first.status_code, first.json()["day"]) == (201, "2026-06-15")
    again = await service.client.post(path, json={"kind": "site_visit"}, headers=deputy)
    assert (again.status_code, again.json()["code"]) == (409, "ActAlreadyLogged")
    other = await service.client.post(path, json={"kind": "question"}, headers=deputy)
    assert other.status_code == 201
    with time_machine.travel(NOW + timedelta(hours=14)):
        tomorrow = await service.client.post(path, json={"kind": "site_visit"}, headers=token("deputy", deputy_id=golden.DEPUTY))
        assert (tomorrow.status_code, tomorrow.json()["day"]) == (201, "2026-06-16")
    told = [e for e in await service.outbox() if isinstance(e, SupervisionActLogged)]
    assert [str(e.act_id) for e in told] == [a.json()["id"] for a in (first, other, tomorrow)]
    listed = (await service.client.get(path, headers=desk)).json()["items"]
    assert [(a["kind"], a["deputy_name"]) for a in listed][-1] == ("site_visit", "测试代表")


@pytest.mark.parametrize(
    ("deputy", "kind", "status", "code"),
    [
        (golden.SUSPENDED, "site_visit", 409, "MandateNotActive"),
        (uuid.uuid4(), "site_visit", 403, "NoMandate"),
        (None, "site_visit", 403, "NoMandate"),
        (golden.DEPUTY, "applause", 422, "ActKindUnknown"),
    ],
)
async def test_an_act_needs_an_active_mandate_and_a_known_kind(service, desk, token, deputy, kind, status, code):
    project = await entered(service, desk)
    answer = await service.client.post(f"/projects/{project['id']}/acts", json={"kind": kind}, headers=token("deputy", deputy_id=deputy))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await service.rows())["project_act"] == []


async def test_the_public_sees_stages_and_no_note(service, desk, owner):
    project = await entered(service, desk)
    await complete(service, project, "initiation", owner, version=1, note="内部说明")
    shown = await service.client.get(f"/public/projects/{project['id']}")
    assert shown.status_code == 200
    assert shown.json()["stages"][0] == {
        "stage": "initiation",
        "label": "立项",
        "planned_on": "2026-01-10",
        "completed_on": "2026-01-08",
        "delayed": False,
    }
    listed = await service.client.get("/public/projects", params={"board": "livelihood"}, headers={"Accept-Language": "en"})
    assert listed.json()["items"][0]["stages"][0]["label"] == "Initiation"
    assert "内部说明" not in shown.text + listed.text
    assert (await service.client.get("/projects")).status_code == 401
    boards = (await service.client.get("/public/boards")).json()
    assert [b["id"] for b in boards["boards"]] == ["livelihood", "investment", "business", "taihu"]


async def test_lists_are_cut_to_the_region_filtered_and_paged(service, desk, token):
    ids = [(await entered(service, desk, name=f"项目{i}", region=f"32041200{i % 2 + 1}"))["id"] for i in range(5)]
    first = (await service.client.get("/projects", params={"limit": 3}, headers=desk)).json()
    rest = (await service.client.get("/projects", params={"limit": 3, "cursor": first["next_cursor"]}, headers=desk)).json()
    assert [p["id"] for p in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    street = token("desk", region="320412002")
    assert [p["id"] for p in (await service.client.get("/projects", headers=street)).json()["items"]] == [ids[3], ids[1]]
    assert (await service.client.get(f"/projects/{ids[0]}", headers=street)).status_code == 404
    away = token("department", organisation="housing", region="320412009")
    assert (await service.client.get(f"/projects/{ids[0]}", headers=away)).status_code == 200
    assert (await service.client.get("/projects", params={"owner": "transport"}, headers=desk)).json()["items"] == []
    assert (await service.client.get("/projects", params={"cursor": "nonsense"}, headers=desk)).status_code == 400


async def test_matters_list_reopened_cases_until_they_are_closed(service, desk, token):
    open_ones = (await service.client.get("/matters", headers=desk)).json()["items"]
    assert [(m["case_id"], m["round"]) for m in open_ones] == [(str(golden.OPEN), 2)]
    closed = (await service.client.get("/matters", params={"status": "closed"}, headers=desk)).json()["items"]
    assert [(m["case_id"], m["round"]) for m in closed] == [(str(golden.LAPSED), 2), (str(golden.REOPENED), 3)]
    assert (await service.client.get("/matters", headers=token("department"))).status_code == 403
