"""Extensions (延期): asked by the lead in time, agreed to or declined by the desk, never past six months from hand-over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
import yaml

from services.routing.actions import calendars
from services.routing.extensions.rules import is_within
from shared.events.routing_deadlines import AssignmentDueMoved
from shared.events.routing_extending import ExtensionAgreed, ExtensionAsked, ExtensionDeclined, ExtensionRefused
from shared.profile import PROFILES, whole
from shared.workdays import CHINA, Clock, official_calendar
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, REPLY, Routing, ok, refused
from tests.routing.test_clock import _sweep as overdue_swept

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
ASKED = {"n": 3, "unit": "workday", "reason": "等材料，电话 13812345678"}


def desk() -> dict[str, str]:
    return kit.token("desk")


def unit(organisation: str = "housing") -> dict[str, str]:
    return kit.token("department", organisation=organisation)


def due_on(case: dict[str, Any]) -> date:
    return datetime.fromisoformat(case["reply_due_at"]).astimezone(CHINA).date()


async def asked(routing: Routing, name: str = "a", **changes: Any) -> dict[str, Any]:
    case = await routing.handled(name, until="accepted")
    return ok(await routing.act(name, "extend", case["version"], {**ASKED, **changes}, unit()))


async def test_the_lead_asks_the_desk_agrees_and_the_deadline_moves_with_its_lights(routing):
    with time_machine.travel(MONDAY, tick=False):
        case = await asked(routing)
        before = due_on(case)
        assert (before, case["light"]) == (date(2026, 3, 11), "green")
        (told,) = await routing.told(ExtensionAsked)
        assert (told.n, told.unit, "13812345678" in told.reason) == (3, "workday", False)
        agreed = ok(await routing.act("a", "agree", case["version"], {"agreed_by": "lead_deputy"}, desk()))
    assert (due_on(agreed), agreed["version"], agreed["status"]) == (date(2026, 3, 16), case["version"] + 1, "accepted")
    (told,) = await routing.told(ExtensionAgreed)
    assert (told.agreed_by, told.due_at.astimezone(CHINA).date()) == ("lead_deputy", date(2026, 3, 16))
    assert [(one.organisation, one.due_at) for one in await routing.told(AssignmentDueMoved)] == [("housing", told.due_at)]
    (row,) = (await routing.get(f"/cases/{golden.case_id('a')}/extensions")).json()
    assert (row["state"], row["agreed_by"], row["n"]) == ("agreed", "lead_deputy", 3)
    with time_machine.travel(datetime(2026, 3, 12, 2, tzinfo=UTC), tick=False):
        assert await overdue_swept(routing) == 0
        assert ok(await routing.get(f"/cases/{golden.case_id('a')}", desk()))["light"] != "red"
    with time_machine.travel(datetime(2026, 3, 17, 2, tzinfo=UTC), tick=False):
        assert await overdue_swept(routing) == 1


async def test_declined_the_deadline_stays_and_the_lead_is_told_why(routing):
    case = await asked(routing)
    after = ok(await routing.act("a", "decline", case["version"], {"reason": "可以按期，电话 13812345678"}, desk()))
    assert due_on(after) == due_on(case)
    (told,) = await routing.told(ExtensionRefused)
    assert (told.organisation, "13812345678" in told.reason) == ("housing", False)
    assert len(await routing.told(ExtensionDeclined)) == 1
    ok(await routing.act("a", "extend", after["version"], ASKED, unit()))


async def test_what_cannot_be_is_refused_by_its_fact_and_nothing_is_kept(routing):
    case = await asked(routing)
    version = case["version"]
    before = await routing.service.rows()
    refused(await routing.act("a", "extend", version, ASKED, unit()), 409, "ExtensionAlreadyAsked")
    refused(await routing.act("a", "agree", version, {"agreed_by": "the_mayor"}, desk()), 422, "UnknownConsent")
    refused(await routing.act("a", "agree", version, {"agreed_by": "desk"}, unit()), 403, "NotPermitted")
    refused(await routing.act("a", "extend", version, {"n": 0, "unit": "day", "reason": "x"}, unit()), 422, "InvalidRequest")
    assert await routing.service.rows() == before
    case = ok(await routing.act("a", "agree", version, {"agreed_by": "desk"}, desk()))
    refused(await routing.act("a", "agree", case["version"], {"agreed_by": "desk"}, desk()), 409, "NoExtensionAsked")
    refused(await routing.act("a", "decline", case["version"], {"reason": "x"}, desk()), 409, "NoExtensionAsked")
    assert refused(await routing.act("a", "extend", case["version"], ASKED, unit()), 409, "ExtensionsUsedUp")["times"] == 1


async def test_more_than_the_rules_give_is_refused(routing):
    case = await routing.handled("a", until="accepted")
    said = refused(await routing.act("a", "extend", case["version"], {**ASKED, "n": 8}, unit()), 409, "ExtensionTooLong")
    assert said["most"] == "7 workday"


async def test_after_the_deadline_nothing_is_asked_and_nothing_agreed_to(routing):
    with time_machine.travel(MONDAY, tick=False):
        case = await asked(routing)
    with time_machine.travel(datetime(2026, 3, 12, 2, tzinfo=UTC), tick=False):
        refused(await routing.act("a", "agree", case["version"], {"agreed_by": "desk"}, desk()), 409, "ExtensionTooLate")
        case = ok(await routing.act("a", "decline", case["version"], {"reason": "已过期"}, desk()))
        refused(await routing.act("a", "extend", case["version"], ASKED, unit()), 409, "ExtensionTooLate")


async def test_the_next_round_has_its_own_and_the_clock_of_the_first_is_over(routing):
    case = await asked(routing)
    case = ok(await routing.act("a", "agree", case["version"], {"agreed_by": "desk"}, desk()))
    ok(await routing.act("a", "reply", case["version"], REPLY, unit()))
    case = await routing.rate("a", 1, "dissatisfied")
    assert case["round"] == 2
    case = ok(await routing.act("a", "accept", case["version"], None, unit()))
    plain = due_on(case)
    case = ok(await routing.act("a", "extend", case["version"], {**ASKED, "n": 5, "unit": "day"}, unit()))
    case = ok(await routing.act("a", "agree", case["version"], {"agreed_by": "desk"}, desk()))
    assert due_on(case) - plain == timedelta(days=5)


async def test_what_is_handled_together_is_extended_together(routing):
    for name in ("a", "b"):
        await routing.opened(name, None)
    ok(await routing.act("a", "assign", 1, {"lead": "housing"}))
    cases = [{"id": str(golden.case_id("b")), "version": 1}]
    ok(await routing.act("a", "join", 2, {"cases": cases}, desk()))
    case = await routing.case("a")
    case = ok(await routing.act("a", "accept", case["version"], None, unit()))
    case = ok(await routing.act("a", "extend", case["version"], ASKED, unit()))
    refused(await routing.act("b", "extend", (await routing.case("b"))["version"], ASKED, unit()), 409, "CaseIsJoined")
    before = due_on(await routing.case("b"))
    ok(await routing.act("a", "agree", case["version"], {"agreed_by": "desk"}, desk()))
    assert due_on(await routing.case("b")) == due_on(await routing.case("a")) > before
    (row,) = (await routing.get(f"/cases/{golden.case_id('b')}/extensions")).json()
    assert (row["state"], row["agreed_by"]) == ("agreed", "desk")


@pytest.fixture
async def long(running, tmp_path: Path) -> Routing:
    """A place that would give two times eight months, were it not for the law."""
    said = whole(PROFILES / "national.yaml") | {"profile": "long"}
    said["routing"]["extensions"] |= {"times": 2, "most": {"opinion": {"n": 8, "unit": "month"}, "suggestion": {"n": 8, "unit": "month"}}}
    path = tmp_path / "long.yaml"
    path.write_text(yaml.safe_dump(said, allow_unicode=True), "utf-8")
    service = await running("routing", profile=path)
    await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    return Routing(service)


async def test_no_extension_leads_past_six_months_from_hand_over(long):
    """代表法 51: 6 months, never 3 + 6."""
    with time_machine.travel(MONDAY, tick=False):
        case = await asked(long, n=8, unit="month")
        case = ok(await long.act("a", "agree", case["version"], {"agreed_by": "council"}, desk()))
        assert due_on(case) == date(2026, 9, 2)
        refused(await long.act("a", "extend", case["version"], {**ASKED, "n": 1, "unit": "day"}, unit()), 409, "ExtensionTooLong")


async def test_a_new_calendar_keeps_what_was_agreed(routing):
    with time_machine.travel(MONDAY, tick=False):
        case = await asked(routing)
        case = ok(await routing.act("a", "agree", case["version"], {"agreed_by": "desk"}, desk()))
        async with routing.service.tx() as tx:
            await calendars.keep_policy(tx)
            await tx.run("UPDATE cases SET due_calendar = 'another', reply_due_at = reply_due_at - interval '3 days'")
            await calendars.adopt(tx, official_calendar())
        async with routing.service.tx() as tx:
            while await calendars.recompute(tx):
                pass
    assert due_on(await routing.case("a")) == due_on(case) == date(2026, 3, 16)


@pytest.mark.parametrize(
    ("n", "unit", "most", "within"),
    [
        (7, "workday", Clock(n=7, unit="workday"), True),
        (8, "workday", Clock(n=7, unit="workday"), False),
        (9, "day", Clock(n=7, unit="workday"), True),
        (10, "day", Clock(n=7, unit="workday"), False),
        (3, "month", Clock(n=3, unit="month"), True),
        (93, "day", Clock(n=3, unit="month"), True),
        (94, "day", Clock(n=3, unit="month"), False),
    ],
)
def test_how_long_is_counted_in_the_unit_of_the_rules(n, unit, most, within):
    assert is_within(n, unit, most) is within


async def test_a_joined_case_that_is_late_already_stays_late(routing):
    for name in ("a", "b"):
        await routing.opened(name, None)
    ok(await routing.act("a", "assign", 1, {"lead": "housing"}))
    ok(await routing.act("a", "join", 2, {"cases": [{"id": str(golden.case_id("b")), "version": 1}]}, desk()))
    async with routing.service.tx() as tx:
        await tx.run("UPDATE cases SET reply_due_at = now() - interval '1 day' WHERE id = $1", golden.case_id("b"))
    late = await routing.case("b")
    case = await routing.case("a")
    case = ok(await routing.act("a", "accept", case["version"], None, unit()))
    case = ok(await routing.act("a", "extend", case["version"], ASKED, unit()))
    ok(await routing.act("a", "agree", case["version"], {"agreed_by": "desk"}, desk()))
    assert due_on(await routing.case("b")) == due_on(late)
