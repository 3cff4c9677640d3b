"""Answers: to each signer, carried out apart from replied, published as far as place and deputy allow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events.routing_answers import AnswerReceived, AnswerSent, CaseDelivered, SuggestionReplyPublished
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, Routing, answering, ok, refused
from tests.routing.evaluation.stories import LEAD, SECOND, STRANGER, answered, rate, rating, replied
from tests.routing.suggestions.test_opening import checked, deputy


def day(days: int = 0) -> str:
    return (datetime.now(CHINA).date() + timedelta(days=days)).isoformat()


async def deliver(routing: Routing, name: str, on: str = "", version: int | None = None, who: Any = None) -> Any:
    body = {"delivered_on": on or day(), "evidence": "现场照片 12 张，电话 13812345678"}
    return await routing.act(name, "deliver", version or (await routing.case(name))["version"], body, who)


async def publish(routing: Routing, name: str, who: Any = None, version: int | None = None) -> Any:
    known = version or (await routing.case(name))["version"]
    return await routing.post(f"/cases/{golden.case_id(name)}/publish", None, known, who)


async def answers(routing: Routing, name: str = "a") -> dict[str, Any]:
    return ok(await routing.get(f"/cases/{golden.case_id(name)}/answers"))


async def test_the_reply_goes_to_each_signer_in_each_round_and_each_says_that_it_came(routing):
    case = await replied(routing)
    assert [(one.deputy_id, one.part) for one in sorted(await routing.told(AnswerSent), key=lambda e: e.part)] == [
        (SECOND, "co_signer"),
        (LEAD, "lead"),
    ]
    receipt = f"/signed-cases/{case['id']}/receipt"
    seen = ok(await routing.post(receipt, {"round": 1}, who=deputy(SECOND)))
    assert [(one["part"], one["received_at"] is not None) for one in seen["answers"]] == [("lead", False), ("co_signer", True)]
    again = ok(await routing.post(receipt, {"round": 1}, who=deputy(SECOND)))
    assert again["answers"] == seen["answers"]
    assert [(one.deputy_id, one.answered_round) for one in await routing.told(AnswerReceived)] == [(SECOND, 1)]
    refused(await routing.post(receipt, {"round": 2}, who=deputy(LEAD)), 404, "AnswerNotFound")
    refused(await routing.post(receipt, {"round": 1}, who=deputy(STRANGER)), 404, "CaseNotFound")
    refused(await routing.post(receipt, {"round": 1}), 403, "NotPermitted")
    ok(await rate(routing, "a", rating("dissatisfied")))
    await answered(routing)
    assert [one["round"] for one in (await answers(routing))["answers"]] == [1, 1, 2, 2]
    await routing.handled("o")
    assert (await answers(routing, "o"))["answers"] == []


async def test_where_the_place_answers_the_lead_alone_the_co_signer_gets_none(running, tmp_path):
    whole = kit.wujin()
    whole["routing"]["answers"]["to"] = "lead"
    service = await running("routing", profile=kit.profile_file(tmp_path, whole))
    await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    routing = Routing(service)
    await replied(routing)
    assert [one["deputy_id"] for one in (await answers(routing))["answers"]] == [str(LEAD)]


async def test_what_was_replied_is_carried_out_later_and_both_times_are_told_apart(routing):
    case = await replied(routing)
    ok(await deliver(routing, "a"))
    seen = await answers(routing)
    (delivery,) = seen["deliveries"]
    assert (delivery["delivered_on"], delivery["department"], seen["version"]) == (day(), "housing", case["version"] + 1)
    assert "13812345678" not in delivery["evidence"]
    (told,) = await routing.told(CaseDelivered)
    assert (told.delivered_on.isoformat(), told.replied_at) == (day(), datetime.fromisoformat(seen["replies"][0]["replied_at"]))
    assert "13812345678" not in told.evidence
    refused(await deliver(routing, "a"), 409, "AlreadyDelivered")
    ok(await rate(routing, "a", rating()))
    assert (await routing.case("a"))["history"][-3]["action"] == "deliver"


@pytest.mark.parametrize("on", [day(1), day(-30)])
async def test_nothing_is_carried_out_tomorrow_or_before_it_was_handed_over(routing, on):
    await replied(routing)
    before = await routing.service.rows()
    assert refused(await deliver(routing, "a", on), 422, "DeliveryNotThen")["where"] == "delivered_on"
    assert await routing.service.rows() == before


async def test_what_a_class_promises_is_delivered_in_the_ledger(routing):
    case = await routing.handled("a", until="accepted")
    ok(await routing.act("a", "reply", case["version"], answering(routing.service.database.policy, "B")))
    refused(await deliver(routing, "a"), 409, "NothingToDeliver")


async def test_who_is_not_the_lead_and_who_knows_an_old_version_delivers_nothing(routing):
    case = await replied(routing)
    refused(await deliver(routing, "a", who=kit.token("desk")), 403, "NotPermitted")
    refused(await deliver(routing, "a", who=kit.token("department", organisation="ecology")), 404, "CaseNotFound")
    refused(await deliver(routing, "a", version=case["version"] - 1), 409, "StaleVersion")


@pytest.mark.parametrize(
    ("changes", "shows"),
    [({}, ("关于增设公交站点的建议", "增设站点。", True)), ({"publication": "title_only"}, ("关于增设公交站点的建议", None, False))],
)
async def test_a_reply_is_published_with_as_many_words_as_its_deputy_agreed_to(routing, changes, shows):
    await replied(routing, **changes)
    seen = ok(await publish(routing, "a"))
    (published,) = seen["published"]
    assert (published["title"], published["suggestion"], published["reply"] is not None) == shows
    (told,) = await routing.told(SuggestionReplyPublished)
    assert (told.title, told.suggestion, told.reply) == (published["title"], published["suggestion"], published["reply"])
    assert "13812345678" not in str(told.model_dump())
    refused(await publish(routing, "a"), 409, "AlreadyPublished")


async def test_a_confidential_suggestion_an_opinion_and_one_without_a_reply_are_published_nowhere(routing):
    await replied(routing, "a", confidential=True, title=None, text=None)
    await routing.handled("o")
    await routing.service.deliver(checked("n", occurred_at=datetime.now(UTC)))
    refused(await publish(routing, "a"), 409, "MayNotBePublished")
    refused(await publish(routing, "o"), 409, "NoReplyToPublish")
    refused(await publish(routing, "n"), 409, "NoReplyToPublish")
    refused(await publish(routing, "a", kit.token("department")), 403, "NotPermitted")
    refused(await publish(routing, "a", kit.token("desk", region="320413")), 404, "CaseNotFound")
    assert await routing.told(SuggestionReplyPublished) == []


async def test_a_place_that_publishes_nothing_says_so_and_one_that_publishes_replies_keeps_the_suggestion(running, tmp_path):
    for openness in ("nothing", "reply"):
        whole = kit.wujin()
        whole["routing"]["answers"]["publish"] = openness
        service = await running("routing", profile=kit.profile_file(tmp_path, whole))
        await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
        routing = Routing(service)
        await replied(routing)
        if openness == "nothing":
            refused(await publish(routing, "a"), 409, "PlacePublishesNoReplies")
        else:
            (published,) = ok(await publish(routing, "a"))["published"]
            assert (published["suggestion"], published["reply"] is not None) == (None, True)
