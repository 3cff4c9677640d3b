"""The opinion form (征询意见表): sent with the reply, returned by the lead deputy, reminded of once, or not returned."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from services.routing.actions import calendars
from services.routing.evaluation import actions, rules
from services.routing.settings import RoutingPolicy
from shared.events.routing import CaseClosed, CaseReopened, CaseReplied
from shared.events.routing_evaluation import (
    OpinionFormDueMoved,
    OpinionFormNotReturned,
    OpinionFormReminded,
    OpinionFormSent,
    SignerCommented,
    SuggestionRated,
)
from shared.profile import load
from shared.settings import ROOT
from shared.workdays import CHINA, Clock, official_calendar
from tests import kit
from tests.routing import golden
from tests.routing.conftest import ok, refused
from tests.routing.evaluation.stories import (
    LEAD,
    SECOND,
    STRANGER,
    answered,
    at_place,
    evaluation,
    paper,
    rate,
    rating,
    reminded,
    replied,
    swept,
)
from tests.routing.suggestions.test_opening import checked, deputy
from tests.routing.test_calendars import NEAR_THE_END, day, published

__all__ = ["published"]

POLICY = load(ROOT / "deploy" / "profiles" / "national.yaml", "routing", RoutingPolicy)


@pytest.mark.parametrize(
    ("n", "last", "remind"),
    [
        (10, date(2026, 3, 16), date(2026, 3, 10)),  # 河南
        (15, date(2026, 3, 23), date(2026, 3, 17)),  # 北京
        (20, date(2026, 3, 30), date(2026, 3, 24)),  # 重庆
        (2, date(2026, 3, 4), date(2026, 3, 3)),
    ],
)
def test_a_form_is_out_for_the_profile_s_working_days_and_reminded_of_when_the_last_five_begin(n: int, last: date, remind: date) -> None:
    sent = datetime(2026, 3, 2, 2, tzinfo=UTC)
    term = rules.term_of(Clock(n=n, unit="workday"), POLICY.ratings, sent, official_calendar())
    assert term.due.at.astimezone(CHINA).date() == last
    assert term.remind_at.astimezone(CHINA) == datetime(remind.year, remind.month, remind.day, tzinfo=CHINA)


async def test_a_reply_takes_a_form_to_the_lead_deputy_and_one_to_a_resident_takes_none(routing):
    await replied(routing)
    await routing.handled("o")
    (sent,) = await routing.told(OpinionFormSent)
    assert (sent.deputy_id, sent.round, sent.matter) == (LEAD, 1, "suggestion")
    (form,) = (await evaluation(routing))["forms"]
    assert (form["state"], form["channels"], form["decides"], form["ratings"]) == ("open", ["net"], "net", [])
    assert (await evaluation(routing, "o"))["forms"] == []
    assert len(await routing.told(CaseReplied)) == 2


async def test_the_lead_deputy_s_rating_closes_the_case_and_its_comment_is_masked(routing):
    case = await replied(routing)
    body = rating(attitude="basically_satisfied", comment="已修好，联系 13812345678")
    seen = ok(await rate(routing, "a", body, version=case["version"]))
    assert (seen["status"], seen["version"]) == ("closed", case["version"] + 2)
    (form,) = seen["forms"]
    (said,) = form["ratings"]
    assert (form["state"], said["channel"], said["attitude"], said["result"]) == ("returned", "net", "basically_satisfied", "satisfied")
    assert "13812345678" not in said["comment"] and "已修好" in said["comment"]
    (told,) = await routing.told(SuggestionRated)
    assert (told.result, told.rated_round, told.comment) == ("satisfied", 1, said["comment"])
    assert [one.level for one in await routing.told(CaseClosed)] == ["satisfied"]
    after = await routing.case("a")
    assert [(one["action"], one["to"]) for one in after["history"][-2:]] == [("rate_net", "replied"), ("rate", "closed")]
    report = ok(await routing.get("/reports/handling", year=datetime.now(CHINA).year, matter="suggestion"))
    assert report["total"]["satisfaction"]["satisfied"] == 1


async def test_not_satisfied_opens_the_next_round_with_its_supervision_and_keeps_the_first_as_it_was(routing):
    case = await replied(routing)
    seen = ok(await rate(routing, "a", rating("dissatisfied", comment="还没有修好")))
    assert (seen["status"], seen["round"]) == ("assigned", 2)
    (told,) = await routing.told(CaseReopened)
    assert (told.round, told.because, told.matter) == (2, "not_satisfied", "suggestion")
    after = await routing.case("a")
    assert [(one["round"], one["reason"]) for one in after["marks"]] == [(2, "not_satisfied")]
    assert after["replies"] == case["replies"]
    refused(await rate(routing, "a", rating(round_=2)), 404, "OpinionFormNotSent")
    await answered(routing)
    assert [form["round"] for form in (await evaluation(routing))["forms"]] == [1, 2]
    assert ok(await rate(routing, "a", rating(round_=2)))["status"] == "closed"


async def test_a_co_signer_may_comment_and_is_refused_to_rate_by_name_and_a_stranger_learns_nothing(routing):
    case = await replied(routing)
    before = await routing.service.rows()
    refused(await rate(routing, "a", rating(), SECOND), 403, "NotTheLeadDeputy")
    refused(await rate(routing, "a", rating(), STRANGER), 404, "CaseNotFound")
    refused(await routing.post(f"/signed-cases/{case['id']}/rate", rating(), case["version"], kit.token("department")), 403, "NotPermitted")
    assert await routing.service.rows() == before
    body = {"text": "建议再走访，电话 13812345678"}
    seen = ok(await routing.post(f"/signed-cases/{case['id']}/comment", body, case["version"], deputy(SECOND)))
    assert [(one["deputy_id"], one["round"]) for one in seen["comments"]] == [(str(SECOND), 1)]
    assert "13812345678" not in seen["comments"][0]["comment"]
    (told,) = await routing.told(SignerCommented)
    assert (told.deputy_id, told.comment, seen["status"]) == (SECOND, seen["comments"][0]["comment"], "replied")
    refused(await routing.post(f"/signed-cases/{case['id']}/comment", body, seen["version"], deputy(STRANGER)), 404, "CaseNotFound")


async def test_nobody_comments_before_there_is_a_reply(routing):
    await routing.service.deliver(checked("a"))
    refused(await routing.post(f"/signed-cases/{golden.case_id('a')}/comment", {"text": "催"}, 1, deputy(SECOND)), 409, "NothingToComment")


async def test_a_stale_version_a_second_rating_and_a_channel_nobody_asked_for_are_refused_and_save_nothing(routing):
    case = await replied(routing)
    refused(await rate(routing, "a", rating(), version=case["version"] - 1), 409, "StaleVersion")
    refused(await paper(routing, "a", rating()), 409, "ChannelNotAsked")
    refused(await rate(routing, "a", rating(result="fine")), 422, "InvalidRequest")
    ok(await rate(routing, "a", rating()))
    before = await routing.service.rows()
    assert refused(await rate(routing, "a", rating("dissatisfied")), 409, "AlreadyRated")["channel"] == "net"
    assert await routing.service.rows() == before


async def test_two_ratings_at_once_leave_one(routing):
    case = await replied(routing)
    answers = await asyncio.gather(*(rate(routing, "a", rating(level), version=case["version"]) for level in ("satisfied", "dissatisfied")))
    assert sorted(one.status_code for one in answers) == [200, 409]
    assert len(await routing.told(SuggestionRated)) == 1


async def test_of_a_confidential_one_the_comment_stays_here(routing):
    await replied(routing, confidential=True, title=None, text=None)
    seen = ok(await rate(routing, "a", rating(comment="涉密意见")))
    assert seen["forms"][0]["ratings"][0]["comment"] == "涉密意见"
    assert [one.comment for one in await routing.told(SuggestionRated)] == [""]


async def test_a_form_is_reminded_of_once_before_its_end_then_not_returned_once_and_the_case_is_closed(routing):
    await replied(routing)
    (form,) = (await evaluation(routing))["forms"]
    due = datetime.fromisoformat(form["due_at"])
    assert (await reminded(routing), await swept(routing)) == (0, 0)
    with time_machine.travel(due - timedelta(hours=1), tick=False):
        assert (await reminded(routing), await reminded(routing), await swept(routing)) == (1, 0, 0)
    with time_machine.travel(due + timedelta(seconds=1), tick=False):
        assert (await reminded(routing), await swept(routing), await swept(routing)) == (0, 1, 0)
        (told,) = await routing.told(OpinionFormNotReturned)
        assert (told.deputy_id, told.department) == (LEAD, "housing")
        refused(await rate(routing, "a", rating()), 409, "OpinionFormEnded")
        assert ((await evaluation(routing))["forms"][0]["state"], (await routing.case("a"))["status"]) == ("not_returned", "closed")
    (remembered,) = await routing.told(OpinionFormReminded)
    assert remembered.deputy_id == LEAD
    report = ok(await routing.get("/reports/handling", year=datetime.now(CHINA).year, matter="suggestion"))["total"]["satisfaction"]
    assert (report["base"], report["rated"], report["not_returned"]) == (0, 0, 1)


async def test_after_an_outage_forms_end_the_longest_owed_first_and_each_once_also_with_three_replicas(running):
    routing = await at_place(running, "wujin", overdue_batch=2)
    names = [*"gfedcba"]
    start = datetime.now(UTC)
    for n, name in enumerate(names):
        with time_machine.travel(start + timedelta(days=7 * n), tick=True):
            await replied(routing, name)
    with time_machine.travel(start + timedelta(days=200), tick=False):
        assert (await swept(routing), await swept(routing)) == (2, 2)
        first = [one.number[-1] for one in await routing.told(OpinionFormNotReturned)]
        assert (sorted(first[:2]), sorted(first[2:])) == (["F", "G"], ["D", "E"])
        assert sum(await asyncio.gather(*(swept(routing) for _ in range(3)))) <= 3
        while await swept(routing):
            pass
    assert sorted(one.number[-1] for one in await routing.told(OpinionFormNotReturned)) == [*"ABCDEFG"]


async def test_the_deputy_lists_the_forms_it_is_asked_to_return_and_the_desk_those_of_its_region(routing):
    await replied(routing, "a")
    await replied(routing, "b")
    await replied(routing, "c", deputy_id=STRANGER, co_signers=(LEAD,))
    ok(await rate(routing, "a", rating()))
    mine = ok(await routing.get("/opinion-forms", deputy(LEAD), state="open"))["items"]
    assert [one["number"] for one in mine] == ["320412-2026-SB"]
    first = ok(await routing.get("/opinion-forms", limit=2))
    rest = ok(await routing.get("/opinion-forms", limit=2, cursor=first["next_cursor"]))
    assert [one["number"][-1] for one in first["items"] + rest["items"]] == ["C", "B", "A"]
    assert rest["items"][0]["returned_by"] == ["net"]
    assert ok(await routing.get("/opinion-forms", kit.token("desk", region="320413")))["items"] == []
    refused(await routing.get("/opinion-forms", kit.token("department")), 403, "NotPermitted")
    refused(await routing.get(f"/cases/{golden.case_id('a')}/evaluation", kit.token("department")), 403, "NotPermitted")
    assert ok(await routing.get(f"/signed-cases/{golden.case_id('a')}/evaluation", deputy(SECOND)))["forms"][0]["state"] == "returned"


async def test_paper_goes_to_the_desk_of_the_congress_alone(running):
    routing = await at_place(running, "tongzhou")
    case = await replied(routing)
    refused(await paper(routing, "a", rating(), who=kit.token("department")), 403, "NotPermitted")
    refused(await paper(routing, "a", rating(), who=kit.token("desk", region="320413")), 404, "CaseNotFound")
    refused(await paper(routing, "a", rating(), version=case["version"] + 1), 409, "StaleVersion")
    seen = ok(await paper(routing, "a", rating()))
    assert seen["forms"][0]["ratings"][0]["channel"] == "paper"


async def test_a_published_year_makes_a_form_s_provisional_deadline_certain_and_says_so(routing, published):
    async def swept_all() -> None:
        for sweep in (calendars.recompute, actions.recompute):
            async with routing.service.tx() as tx:
                await sweep(tx)

    with time_machine.travel(NEAR_THE_END, tick=False):
        await replied(routing)
        await swept_all()
        (before,) = (await evaluation(routing))["forms"]
        assert before["due_is_provisional"]
        version = (await routing.case("a"))["version"]
        published("2027-01-04", "2027-01-05")
        await swept_all()
        await swept_all()
        (after,) = (await evaluation(routing))["forms"]
        case = await routing.case("a")
    assert not after["due_is_provisional"] and day(after["due_at"]) == "2027-01-27"
    line = case["history"][-1]
    assert (line["action"], line["by_role"], line["version"]) == ("recompute_form", "calendar", version + 1)
    (told,) = await routing.told(OpinionFormDueMoved)
    assert (day(told.due_before.isoformat()), day(told.due_at.isoformat()), told.form_round) == (day(before["due_at"]), "2027-01-27", 1)
