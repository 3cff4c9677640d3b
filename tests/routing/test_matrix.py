"""Every door of a case, as every role, in every status: what is allowed, what is refused and by which fact, and never a failure."""

from __future__ import annotations

from typing import Any, get_args

import httpx
import pytest

from services.directory.accounts.rules import Role
from services.routing import rules
from tests import kit
from tests.routing.conftest import Routing, refused
from tests.routing.evaluation.stories import at_place
from tests.routing.walks import BODIES, DESKS, OF_OPINIONS, OF_SUGGESTIONS, readied, take, take_suggestion, walked

STATUSES: tuple[str, ...] = get_args(rules.Status)
ROLES: tuple[str, ...] = get_args(Role)
DOORS = {t.action: t.permission for t in rules.TRANSITIONS if t.permission}


def _may(role: str, permission: str) -> bool:
    return permission in kit.ROLE_PERMISSIONS[role].split()


def _expected(status: str, action: rules.Action, role: str) -> tuple[int, str]:
    if not _may(role, DOORS[action] or ""):
        return 403, "NotPermitted"
    try:
        rules.transition(status, action, number="", version=1)
    except rules.Refused as refusal:
        return refusal.status, refusal.code()
    return 200, ""


def _said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_each_action_with_a_door_is_tried() -> None:
    assert set(BODIES) == set(DOORS)
    assert {p for p in DOORS.values() if p} <= set(DESKS)


@pytest.mark.parametrize("status", STATUSES)
async def test_each_role_gets_at_each_door_what_the_table_says(routing: Routing, status: str) -> None:
    case = await walked(routing, "seen", status)
    wrong = []
    for action, permission in DOORS.items():
        for role in ROLES:
            expected = _expected(status, action, role)
            if expected[0] == 200:
                continue
            answer = await routing.act("seen", action, case["version"], BODIES[action], kit.token(role))
            # A department that never had the case, or has lost it, is told of none before its state is looked at.
            hidden = permission == "case.handle" and role == "department" and case["department"] != "housing"
            if _said(answer) != ((404, "CaseNotFound") if hidden else expected):
                wrong.append((action, role, expected, _said(answer)))
    assert wrong == []
    assert (await routing.case("seen"))["version"] == case["version"], "what is refused changes nothing"


@pytest.mark.parametrize("step", OF_OPINIONS, ids=lambda t: f"{t.status}-{t.action}")
async def test_each_transition_goes_where_the_table_says_and_tells_it(routing: Routing, step: rules.Transition) -> None:
    before = await readied(routing, "moved", step)
    told = len(await routing.told(step.event))
    after = await take(routing, "moved", step)
    assert (after["status"], after["version"]) == (step.next, before["version"] + 1)
    last = after["history"][-1]
    assert (last["action"], last["from"], last["to"], last["version"]) == (step.action, step.status, step.next, after["version"])
    assert len(await routing.told(step.event)) == told + 1
    if step.clock == "start":
        assert after["reply_due_at"] is not None
        assert step.next in rules.RUNNING
    if step.clock == "stop":
        assert step.next not in rules.RUNNING


@pytest.mark.parametrize("step", OF_SUGGESTIONS, ids=lambda t: f"{t.status}-{t.action}")
async def test_each_transition_of_suggestions_goes_where_the_table_says_and_tells_it(running: Any, step: rules.Transition) -> None:
    routing = await at_place(running, "qidong")
    version, after = await take_suggestion(routing, "moved", step.action)
    assert (after["status"], after["version"]) == (step.next, version + 1)
    last = after["history"][-1]
    assert (last["action"], last["from"], last["to"], last["version"]) == (step.action, step.status, step.next, after["version"])
    assert len(await routing.told(step.event)) == 1
    assert (after["reply_due_at"] is not None and step.next in rules.RUNNING) or step.clock != "start"


@pytest.mark.parametrize("status", STATUSES)
async def test_no_door_of_a_case_fails_whatever_role_and_body(routing: Routing, status: str) -> None:
    case = await walked(routing, "seen", status)
    document = (await routing.service.client.get("/openapi.json")).json()
    doors = [(path, method) for path, ways in document["paths"].items() if path.startswith("/cases/{case_id}") for method in ways]
    assert ("/cases/{case_id}/reply", "post") in doors
    seen: dict[str, Any] = {}
    for path, method in doors:
        for role in ROLES:
            for body in ({}, {"reason": "无"}, []) if role in ("desk", "department") else ({},):
                url = path.replace("{case_id}", case["id"])
                headers = {**kit.token(role), "If-Match": str(case["version"] + 100)}
                if "{" in url:
                    url = url.replace(url[url.index("{") : url.index("}") + 1], "1")
                answer = await routing.service.client.request(method.upper(), url, json=body, headers=headers)
                if answer.status_code >= 500 or (answer.status_code >= 400 and not answer.json().get("code")):
                    seen[f"{method} {path} {role}"] = answer.text
    assert seen == {}


async def test_who_has_no_part_learns_nothing_and_a_co_handler_that_it_is_not_the_lead(routing: Routing) -> None:
    await routing.opened("a", None)
    await routing.act("a", "assign", 1, {"lead": "housing", "co_handlers": ["transport"]})
    refused(await routing.act("a", "accept", 2, None, kit.token("department", organisation="transport")), 403, "NotTheLead")
    refused(await routing.act("a", "accept", 2, None, kit.token("department", organisation="ecology")), 404, "CaseNotFound")
    refused(await routing.act("a", "assign", 2, BODIES["assign"], kit.token("desk", region="320413")), 404, "CaseNotFound")
