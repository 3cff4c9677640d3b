"""Second appraisals (二次评价、二次交办): who votes, what the votes say, and what follows from them."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
import pytest_asyncio

from services.routing.second_appraisals import rules
from services.routing.second_appraisals.errors import VotesMissing
from shared.events.routing import AssignmentMade, CaseReopened
from shared.events.routing_evaluation import SecondAppraisalEnded, SecondAppraisalOpened, SecondAppraisalVoted
from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY, Routing, an_id, made, ok, refused
from tests.routing.evaluation.stories import LEAD, SECOND, STRANGER, answered, at_place, rate, rating, replied
from tests.routing.splitting.test_splitting import ECOLOGY, TRANSPORT, part_replied, split
from tests.routing.suggestions.test_opening import checked, deputy

GROUP = [LEAD, SECOND, uuid.UUID(int=77)]


@pytest_asyncio.fixture
async def qidong(running):
    """Qidong has groups of at least five appraise again: two thirds have to vote, and more than half to be satisfied."""
    return await at_place(running, "qidong")


async def closed(routing: Routing, name: str = "a") -> dict[str, Any]:
    """A suggestion's case that its lead deputy was satisfied with."""
    await replied(routing, name)
    ok(await rate(routing, name, rating()))
    return await routing.case(name)


async def opened(routing: Routing, name: str = "a", voters: int = 3) -> dict[str, Any]:
    case = await closed(routing, name)
    body = {"deputies": [str(one) for one in GROUP], "voters": voters}
    return made(await routing.post(f"/cases/{case['id']}/second-appraisals", body, case["version"]))


async def vote(routing: Routing, appraisal: dict[str, Any], who: uuid.UUID, level: str) -> Any:
    return await routing.post(f"/second-appraisals/{appraisal['id']}/vote", {"level": level}, who=deputy(who))


async def slip(routing: Routing, appraisal: dict[str, Any], seat: int, level: str) -> Any:
    return await routing.post(f"/second-appraisals/{appraisal['id']}/slips/{seat}", {"level": level})


async def ended(routing: Routing, appraisal: dict[str, Any], how: str = "conclude", body: Any = None, version: int | None = None) -> Any:
    known = version or appraisal["case_version"]
    return await routing.post(f"/second-appraisals/{appraisal['id']}/{how}", body, known)


@pytest.mark.parametrize(
    ("seats", "votes", "counted", "outcome"),
    [
        (6, 4, 4, None),  # 67 % of 6 seats are 5 votes
        (6, 5, 2, "failed"),
        (6, 5, 3, "passed"),
        (100, 67, 34, "failed"),  # 34 of 67 are 50.7 %
        (100, 100, 51, "passed"),
        (100, 100, 50, "failed"),
        (100, 66, 66, None),
    ],
)
def test_quorum_and_threshold_are_reached_at_exactly_their_percent(seats: int, votes: int, counted: int, outcome: str | None) -> None:
    found = rules.Tally(seats, votes, counted, {})
    if outcome is None:
        with pytest.raises(VotesMissing):
            rules.outcome(found, 67, 51, number="N", version=1)
    else:
        assert rules.outcome(found, 67, 51, number="N", version=1) == outcome


async def test_a_case_that_fails_is_handed_over_again_in_the_next_round_with_supervision_in_one_transaction(qidong):
    appraisal = await opened(qidong)
    (told,) = await qidong.told(SecondAppraisalOpened)
    assert (told.seats, appraisal["case_status"], [one["kind"] for one in appraisal["seats"]]) == (
        6,
        "closed",
        ["deputy"] * 3 + ["voter"] * 3,
    )
    for who, level in zip(GROUP, ("satisfied", "dissatisfied", "dissatisfied"), strict=True):
        ok(await vote(qidong, appraisal, who, level))
    ok(await slip(qidong, appraisal, 4, "basically_satisfied"))
    ok(await slip(qidong, appraisal, 5, "dissatisfied"))
    before = await qidong.case("a")
    over = ok(await ended(qidong, appraisal))
    assert (over["state"], over["votes"], over["satisfied"], over["case_status"]) == ("failed", 5, 2, "assigned")
    after = await qidong.case("a")
    assert (after["status"], after["round"], after["version"], after["department"]) == ("assigned", 2, before["version"] + 1, "housing")
    assert after["history"][-1]["action"] == "hand_over_again"
    assert [(one["round"], one["reason"]) for one in after["marks"]] == [(2, "second_appraisal")]
    assert after["reply_due_at"] is not None and after["replies"] == before["replies"]
    assert [(one.because, one.round) for one in await qidong.told(CaseReopened)] == [("second_appraisal", 2)]
    assert [one.round for one in await qidong.told(AssignmentMade)] == [1, 2]
    (outcome,) = await qidong.told(SecondAppraisalEnded)
    assert (outcome.outcome, outcome.votes, outcome.satisfied, outcome.basically_satisfied, outcome.dissatisfied) == ("failed", 5, 1, 1, 3)
    await answered(qidong)
    assert ok(await rate(qidong, "a", rating(round_=2)))["status"] == "closed"


async def test_a_case_that_passes_stays_closed(qidong):
    appraisal = await opened(qidong)
    for who in GROUP:
        ok(await vote(qidong, appraisal, who, "satisfied"))
    for seat in (4, 5):
        ok(await slip(qidong, appraisal, seat, "dissatisfied"))
    over = ok(await ended(qidong, appraisal))
    assert (over["state"], over["case_status"], over["case_version"]) == ("passed", "closed", appraisal["case_version"] + 1)
    refused(await vote(qidong, appraisal, LEAD, "satisfied"), 409, "AppraisalHasEnded")
    refused(await ended(qidong, appraisal, version=over["case_version"]), 409, "AppraisalHasEnded")
    assert [one["action"] for one in (await qidong.case("a"))["history"][-2:]] == ["appraise_again", "appraised_again"]


async def test_each_seat_votes_once_and_what_it_voted_is_shown_at_the_end_only(qidong):
    appraisal = await opened(qidong)
    seen = ok(await vote(qidong, appraisal, LEAD, "dissatisfied"))
    assert (seen["votes"], seen["satisfied"], seen["seats"][0]["voted"], seen["seats"][0]["level"]) == (1, None, True, None)
    before = await qidong.service.rows()
    refused(await vote(qidong, appraisal, LEAD, "satisfied"), 409, "AlreadyVoted")
    refused(await vote(qidong, appraisal, STRANGER, "satisfied"), 404, "AppraisalNotFound")
    refused(await slip(qidong, appraisal, 1, "satisfied"), 404, "SeatNotFound")
    refused(await slip(qidong, appraisal, 7, "satisfied"), 404, "SeatNotFound")
    refused(await ended(qidong, appraisal), 409, "VotesMissing")
    assert await qidong.service.rows() == before
    at_once = await asyncio.gather(*(vote(qidong, appraisal, SECOND, level) for level in ("satisfied", "dissatisfied")))
    assert sorted(one.status_code for one in at_once) == [200, 409]
    assert sorted(one.seat for one in await qidong.told(SecondAppraisalVoted)) == [1, 2]
    assert not any(hasattr(one, "level") for one in await qidong.told(SecondAppraisalVoted))


async def test_two_conclusions_at_once_hand_over_once(qidong):
    appraisal = await opened(qidong)
    for who in GROUP:
        ok(await vote(qidong, appraisal, who, "dissatisfied"))
    for seat in (4, 5):
        ok(await slip(qidong, appraisal, seat, "dissatisfied"))
    answers = await asyncio.gather(*(ended(qidong, appraisal) for _ in range(2)))
    assert sorted(one.status_code for one in answers) == [200, 409]
    assert (await qidong.case("a"))["round"] == 2


async def test_one_without_its_quorum_is_called_off_with_a_reason_and_another_may_follow(qidong):
    appraisal = await opened(qidong)
    case = await qidong.case("a")
    body = {"deputies": [str(one) for one in GROUP], "voters": 2}
    refused(await qidong.post(f"/cases/{case['id']}/second-appraisals", body, case["version"]), 409, "AppraisalIsRunning")
    over = ok(await ended(qidong, appraisal, "call-off", {"reason": "到会人数不足"}))
    assert (over["state"], over["reason"], over["case_status"]) == ("called_off", "到会人数不足", "closed")
    made(await qidong.post(f"/cases/{case['id']}/second-appraisals", body, over["case_version"]))


async def test_who_may_not_and_what_cannot_be_appraised_is_refused_by_name(qidong, running):
    await qidong.service.deliver(checked("f", reply_wanted=False), checked("n"))
    case = await closed(qidong)
    path, group = f"/cases/{case['id']}/second-appraisals", [str(one) for one in GROUP]
    refused(await qidong.post(path, {"deputies": group, "voters": 1}, case["version"]), 422, "TooFewSeats")
    refused(await qidong.post(path, {"deputies": [group[0]] * 5}, case["version"]), 422, "SeatTwice")
    refused(await qidong.post(path, {"deputies": group, "voters": 3}, case["version"] - 1), 409, "StaleVersion")
    refused(await qidong.post(path, {"deputies": group, "voters": 3}, case["version"], kit.token("department")), 403, "NotPermitted")
    refused(await qidong.post(path, {"deputies": group, "voters": 3}, case["version"], kit.token("desk", region="9")), 404, "CaseNotFound")
    for name, version in (("f", 2), ("n", 1)):
        there = f"/cases/{golden.case_id(name)}/second-appraisals"
        refused(await qidong.post(there, {"deputies": group, "voters": 3}, version), 409, "NothingToAppraise")
    refused(await qidong.get(f"/second-appraisals/{an_id()}"), 404, "AppraisalNotFound")


async def test_a_place_without_second_appraisals_says_so(routing):
    case = await closed(routing)
    body = {"deputies": [str(one) for one in GROUP], "voters": 3}
    refused(await routing.post(f"/cases/{case['id']}/second-appraisals", body, case["version"]), 409, "PlaceHasNoSecondAppraisal")


async def test_the_desk_lists_those_of_its_region_and_a_deputy_those_it_has_a_seat_in(qidong):
    one, other = await opened(qidong, "a"), await opened(qidong, "b")
    first = ok(await qidong.get("/second-appraisals", limit=1))
    rest = ok(await qidong.get("/second-appraisals", limit=1, cursor=first["next_cursor"]))
    assert [line["id"] for line in first["items"] + rest["items"]] == [other["id"], one["id"]]
    assert [line["id"] for line in ok(await qidong.get("/second-appraisals", case_id=one["case_id"]))["items"]] == [one["id"]]
    assert len(ok(await qidong.get("/second-appraisals", deputy(SECOND), state="open"))["items"]) == 2
    assert ok(await qidong.get("/second-appraisals", deputy(STRANGER)))["items"] == []
    assert ok(await qidong.get("/second-appraisals", kit.token("desk", region="320413")))["items"] == []
    refused(await qidong.get(f"/second-appraisals/{one['id']}", deputy(STRANGER)), 404, "AppraisalNotFound")
    refused(await qidong.get("/second-appraisals", kit.token("department")), 403, "NotPermitted")


async def test_an_opinion_s_case_is_appraised_too_and_its_parts_are_handed_over_again_with_it(qidong):
    first = await split(qidong)
    ok(await qidong.act("a", "accept", 3))
    for part, who in zip(first["parts"], (TRANSPORT, ECOLOGY), strict=True):
        await part_replied(qidong, part, who, "好了")
    ok(await qidong.act("a", "reply", 4, REPLY))
    case = await qidong.rate("a", 1, "satisfied")
    part = {"deputies": [str(one) for one in GROUP], "voters": 2}
    refused(await qidong.post(f"/cases/{first['parts'][0]['id']}/second-appraisals", part, 5), 409, "NothingToAppraise")
    appraisal = made(await qidong.post(f"/cases/{case['id']}/second-appraisals", part, case["version"]))
    for who in GROUP:
        ok(await vote(qidong, appraisal, who, "dissatisfied"))
    ok(await slip(qidong, appraisal, 4, "satisfied"))
    assert ok(await ended(qidong, appraisal))["state"] == "failed"
    parts = ok(await qidong.get(f"/cases/{case['id']}/parts"))["parts"]
    assert [(one["status"], one["round"]) for one in parts] == [("assigned", 2)] * 2
    assert len(await qidong.told(CaseReopened)) == 3
