"""A checked suggestion becomes a case: by its own clocks, with its signers, confidential ones without words, and for nobody an opinion."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events import derived_id
from shared.events.intake_suggestions import SuggestionChecked
from shared.events.routing import AssignmentMade, CaseObjected, CaseOpened, CaseReplied
from shared.events.routing_suggestions import CaseFiledForReference
from shared.events.routing_supervising import PromiseMade
from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY, Routing, ok, refused

LEAD, SECOND, STRANGER = (derived_id(golden.STATION, name) for name in ("lead", "second", "stranger"))
AT = datetime(2026, 1, 30, 2, 0, tzinfo=UTC)


def checked(name: str, **changes: Any) -> SuggestionChecked:
    """A suggestion that the district's office checked; its lead sits for one of the towns."""
    facts: dict[str, Any] = {
        "id": derived_id(golden.opinion_id(name), "checked"), "occurred_at": AT, "site": "320412",
        "suggestion_id": golden.opinion_id(name), "number": f"320412-2026-S{name.upper()}", "version_no": 1, "kind": "suggestion",
        "raised_in": "congress", "deputy_id": LEAD, "region": "320412001", "office": "320412", "confidential": False,
        "co_signers": (SECOND,), "session": "17-5", "term": 17, "meeting": 5, "level": "county", "delegation": "湖塘代表团",
        "title": "关于增设公交站点的建议", "text": "增设站点。", "category": "construction", "publication": "full",
        "handling": "lead_and_co", "lead_wish": "transport", "co_wishes": ("housing",), "formed_by": (), "raised_before": None,
        "wants_contact": True, "reply_wanted": True, "from_bill": False, "quality": 80, "profile_version": "wujin@1+national@1",
    }  # fmt: skip
    return SuggestionChecked(**facts | changes)


def deputy(deputy_id: uuid.UUID) -> dict[str, str]:
    return kit.token("deputy", deputy_id=deputy_id)


async def test_a_checked_suggestion_waits_for_the_desk_of_its_congress_though_its_category_has_a_department(routing: Routing) -> None:
    await routing.service.deliver(checked("a"), checked("a").model_copy(update={"id": uuid.uuid4()}))
    case = await routing.case("a")
    assert (case["matter"], case["status"], case["region"], case["department"]) == ("suggestion", "to_assign", "320412", None)
    (opened,) = await routing.told(CaseOpened)
    assert (opened.matter, opened.opinion_id, opened.region) == ("suggestion", golden.opinion_id("a"), "320412")
    came = ok(await routing.get(f"/cases/{case['id']}/suggestion"))
    assert (came["session"], came["lead_wish"], came["co_wishes"], came["delegation"]) == ("17-5", "transport", ["housing"], "湖塘代表团")
    assert [(s["deputy_id"], s["part"]) for s in came["signers"]] == [(str(LEAD), "lead"), (str(SECOND), "co_signer")]
    town = kit.token("desk", region="320412001")
    refused(await routing.act("a", "assign", 1, {"lead": "housing"}, town), 404, "CaseNotFound")


async def test_the_reply_to_a_suggestion_is_due_three_months_after_its_hand_over(routing: Routing) -> None:
    await routing.service.deliver(checked("a"))
    case = ok(await routing.act("a", "assign", 1, {"lead": "transport", "co_handlers": ["housing"]}))
    days = (datetime.fromisoformat(case["reply_due_at"]) - datetime.now(UTC)).days
    assert 88 <= days <= 92


async def test_one_for_reference_only_is_closed_as_it_comes_without_a_clock_and_is_nobodys_arrears(routing: Routing) -> None:
    await routing.service.deliver(checked("a", reply_wanted=False))
    case = await routing.case("a")
    assert (case["status"], case["version"], case["reply_due_at"], case["department"]) == ("closed", 2, None, None)
    assert [(h["version"], h["action"], h["to"]) for h in case["history"]] == [(1, "open", "to_assign"), (2, "file", "closed")]
    (filed,) = await routing.told(CaseFiledForReference)
    assert (filed.matter, filed.case_version) == ("suggestion", 2)
    refused(await routing.act("a", "assign", 2, {"lead": "housing"}), 409, "CaseAlreadyClosed")
    report = ok(await routing.get("/reports/handling", year=2026))
    assert (report["total"]["received"], report["total"]["unanswered"]) == (1, 0)


async def test_of_a_confidential_one_no_event_has_a_word_though_the_signers_read_the_reply(routing: Routing) -> None:
    await routing.service.deliver(checked("a", confidential=True, title=None, text=None))
    ok(await routing.act("a", "assign", 1, {"lead": "housing"}))
    ok(await routing.act("a", "object", 2, {"reason": "涉密内容不属于本单位"}))
    ok(await routing.act("a", "assign", 3, {"lead": "housing"}))
    ok(await routing.act("a", "accept", 4))
    ok(await routing.act("a", "contact", 5, {"phase": "during", "how": "visit", "held_at": AT.isoformat(), "summary": "涉密"}))
    promise = {"promised": "涉密地点整改", "promised_by": (datetime.now(UTC) + timedelta(days=90)).date().isoformat()}
    ok(await routing.act("a", "reply", 6, {**REPLY, "class": "B", **promise}))
    assert [e.promised for e in await routing.told(PromiseMade)] == [""]
    assert [(e.title, e.text) for e in await routing.told(AssignmentMade)] == [("", ""), ("", "")]
    assert [e.reason for e in await routing.told(CaseObjected)] == [""]
    assert [(e.text, e.matter) for e in await routing.told(CaseReplied)] == [("", "suggestion")]
    seen = ok(await routing.get(f"/signed-cases/{golden.case_id('a')}", deputy(SECOND)))
    assert [r["text"] for r in seen["replies"]] == [REPLY["text"]]


@pytest.mark.parametrize(("who", "part"), [(LEAD, "lead"), (SECOND, "co_signer")])
async def test_each_signer_reads_the_cases_it_signed_and_no_other_does(routing: Routing, who: uuid.UUID, part: str) -> None:
    await routing.service.deliver(
        checked("a"), checked("b", occurred_at=AT.replace(day=31)), checked("c", deputy_id=STRANGER, co_signers=())
    )
    first = ok(await routing.get("/signed-cases", deputy(who), limit=1))
    second = ok(await routing.get("/signed-cases", deputy(who), limit=1, cursor=first["next_cursor"]))
    assert [(c["number"], c["part"]) for c in first["items"] + second["items"]] == [("320412-2026-SB", part), ("320412-2026-SA", part)]
    assert second["next_cursor"] is None
    assert ok(await routing.get(f"/signed-cases/{golden.case_id('a')}", deputy(who)))["status"] == "to_assign"
    refused(await routing.get(f"/signed-cases/{golden.case_id('c')}", deputy(who)), 404, "CaseNotFound")
    refused(await routing.get(f"/cases/{golden.case_id('a')}", deputy(who)), 403, "NotPermitted")
    refused(await routing.get("/signed-cases", kit.token("desk")), 403, "NotPermitted")


async def test_an_opinions_case_has_nothing_of_a_suggestion(routing: Routing) -> None:
    case = await routing.opened("a")
    assert case["matter"] == "opinion"
    refused(await routing.get(f"/cases/{case['id']}/suggestion"), 404, "NotASuggestion")
    (opened,) = await routing.told(CaseOpened)
    assert opened.matter == "opinion"


async def test_a_report_counts_opinions_and_suggestions_apart(routing: Routing) -> None:
    await routing.service.deliver(checked("s"), golden.opinion(0, "o"), golden.opinion(0, "p"))
    received = [
        ok(await routing.get("/reports/handling", year=2026, **query))["total"]["received"]
        for query in ({}, {"matter": "opinion"}, {"matter": "suggestion"})
    ]
    assert received == [3, 2, 1]
    years = ok(await routing.get("/reports/years", since=2026, until=2026, matter="suggestion"))
    assert [y["received"] for y in years["years"]] == [1]
    assert ok(await routing.get("/reports/classes", matter="suggestion"))["base"] == 0
    assert (await routing.get("/reports/classes", matter="bill")).status_code == 422
