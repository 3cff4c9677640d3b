"""Contacts with the sender: recorded by the lead, shown with what the place calls them, and a guard of the reply where it says so."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
import yaml

from shared.events.routing_handling import CaseContacted
from shared.profile import PROFILES, whole
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, REPLY, Routing, ago, ok, refused

TRANSPORT = kit.token("department", organisation="transport")


def contact(phase: str, **changes: Any) -> dict[str, Any]:
    body = {"phase": phase, "how": "visit", "held_at": ago(minutes=5).isoformat(), "summary": "现场查看，来信人电话 13812345678"}
    return body | changes


@pytest.fixture
async def met(running, tmp_path: Path) -> Routing:
    """A place with 如皋's rule: 三见面."""
    said = whole(PROFILES / "national.yaml") | {"profile": "met"}
    said["routing"]["contacts"]["three_meetings"] = True
    path = tmp_path / "met.yaml"
    path.write_text(yaml.safe_dump(said, allow_unicode=True), "utf-8")
    service = await running("routing", profile=path)
    await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    return Routing(service)


async def contacts(routing: Routing, name: str = "a", **who: Any) -> dict[str, Any]:
    return ok(await routing.get(f"/cases/{golden.case_id(name)}/contacts", **who))


async def test_a_reply_waits_for_the_meetings_before_and_during_and_names_what_is_missing(met):
    case = await met.handled("a", until="accepted")
    before = await met.service.rows()
    problem = refused(await met.act("a", "reply", case["version"], REPLY), 409, "MeetingsMissing")
    assert problem["missing"] == ["before", "during"]
    assert "办前见面、办中见面" in problem["detail"]
    assert await met.service.rows() == before
    case = ok(await met.act("a", "contact", 3, contact("before")))
    assert (await contacts(met))["missing"] == ["during"]
    assert refused(await met.act("a", "reply", 4, REPLY), 409, "MeetingsMissing")["missing"] == ["during"]
    ok(await met.act("a", "contact", 4, contact("during")))
    assert ok(await met.act("a", "reply", 5, REPLY))["status"] == "replied"


async def test_the_next_round_asks_for_its_own_meetings(met):
    await met.handled("a", until="accepted")
    for version, phase in ((3, "before"), (4, "during")):
        ok(await met.act("a", "contact", version, contact(phase)))
    ok(await met.act("a", "reply", 5, REPLY))
    case = await met.rate("a", 1, "dissatisfied")
    case = ok(await met.act("a", "accept", case["version"]))
    assert refused(await met.act("a", "reply", case["version"], REPLY), 409, "MeetingsMissing")["missing"] == ["before", "during"]


async def test_the_national_rule_asks_for_none(routing):
    case = await routing.handled("a", until="accepted")
    assert (await contacts(routing))["missing"] == []
    ok(await routing.act("a", "reply", case["version"], REPLY))


async def test_a_contact_is_kept_masked_with_its_version_and_event_and_nothing_that_was_said(routing):
    await routing.opened("a")
    case = ok(await routing.act("a", "contact", 2, contact("before")))
    assert (case["status"], case["version"]) == ("assigned", 3)
    line = case["history"][-1]
    assert (line["action"], line["from"], line["to"], line["note"]) == ("contact", "assigned", "assigned", "before")
    (kept,) = (await contacts(routing))["contacts"]
    assert (kept["phase"], kept["how"], kept["organisation"], kept["round"]) == ("before", "visit", "housing", 1)
    assert "13812345678" not in json.dumps(await routing.service.rows(), default=str)
    (told,) = await routing.told(CaseContacted)
    assert (told.phase, told.case_version, str(told.contact_id)) == ("before", 3, kept["id"])
    assert not hasattr(told, "summary")


async def test_the_place_calls_the_three_as_it_likes(running):
    routing = Routing(await running("routing", profile=PROFILES / "tongzhou.yaml"))
    await routing.service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    case = await routing.handled("a")
    for n, phase in enumerate(("before", "during", "after")):
        held_at = ago(minutes=9 - n).isoformat()
        ok(await routing.act("a", "contact", case["version"] + n, contact(phase, held_at=held_at)))
    assert [c["label"] for c in (await contacts(routing))["contacts"]] == ["事前沟通", "事中协调", "事后督办"]


async def test_the_first_contact_is_due_twenty_working_days_after_the_hand_over(routing):
    await routing.opened("a", occurred_at=datetime(2026, 3, 2, 9, tzinfo=CHINA))
    due = datetime.fromisoformat((await contacts(routing))["first_due_at"]).astimezone(CHINA)
    assert due.date().isoformat() == "2026-03-30"
    await routing.opened("b", None)
    assert (await contacts(routing, "b"))["first_due_at"] is None


async def test_what_cannot_be_a_contact_is_refused_and_nothing_is_kept(routing):
    case = await routing.handled("a", until="accepted")
    version = case["version"]
    before = await routing.service.rows()
    later = (datetime.now(CHINA) + timedelta(hours=1)).isoformat()
    refused(await routing.act("a", "contact", version, contact("during", held_at=later)), 422, "ContactInFuture")
    refused(await routing.act("a", "contact", version, contact("after")), 409, "ContactTooEarly")
    for wrong in ({"phase": "later"}, {"how": "dream"}, {"summary": " "}, {"held_at": "2026-03-02T09:00:00"}):
        refused(await routing.act("a", "contact", version, contact("during") | wrong), 422, "InvalidRequest")
    refused(await routing.act("a", "contact", version - 1, contact("during")), 409, "StaleVersion")
    refused(await routing.act("a", "contact", version, contact("during"), TRANSPORT), 404, "CaseNotFound")
    refused(await routing.act("a", "contact", version, contact("during"), kit.token("desk")), 403, "NotPermitted")
    refused(await routing.get(f"/cases/{case['id']}/contacts", TRANSPORT), 404, "CaseNotFound")
    assert await routing.service.rows() == before


async def test_a_co_handler_reads_contacts_and_records_none(routing):
    await routing.opened("a", None)
    ok(await routing.act("a", "assign", 1, {"lead": "housing", "co_handlers": ["transport"]}))
    refused(await routing.act("a", "contact", 2, contact("before"), TRANSPORT), 403, "NotTheLead")
    assert (await contacts(routing, who=TRANSPORT))["contacts"] == []


async def test_with_time_standing_a_contact_of_this_moment_is_not_in_the_future(routing):
    with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=CHINA), tick=False):
        await routing.opened("a")
        ok(await routing.act("a", "contact", 2, contact("before", held_at="2026-03-02T09:00:00+08:00")))
