"""启东: 提、交、督、办, the supervision meeting with three set parts (333) and joint supervision (联督联促)."""

from __future__ import annotations

from shared.events.routing import CaseReopened
from shared.events.routing_supervising import CaseTested, MeetingHeld
from tests.routing import golden
from tests.routing.conftest import made, ok, refused
from tests.routing.evaluation.stories import at_place, rate, rating
from tests.routing.evaluation.stories import replied as suggestion_replied
from tests.routing.places.procedure import begun, desk, dissatisfied_then_satisfied, handed_over, met, phases, raised, replied, step
from tests.routing.second_appraisals.test_second_appraisals import GROUP, ended, slip, vote


async def test_a_key_meeting_goes_through_report_comment_and_test_before_the_case_is_replied_to(running):
    routing = await begun(running, "qidong", "urban_committee")
    await raised(routing)
    await handed_over(routing)
    assert await phases(routing) == {"提": 0, "交": 0, "督": 1, "办": 0}
    meeting = await met(routing, "key_supervision", "a")
    for part in ("unit_report", "committee_comment"):
        meeting = ok(await step(routing, meeting, f"parts/{part}"))
    refused(await step(routing, meeting, "hold", {"minutes": "未测评"}), 409, "PartsOpen")
    meeting = ok(await step(routing, meeting, f"cases/{golden.case_id('a')}/votes", {"votes": {"satisfied": 18, "dissatisfied": 2}}))
    ok(await step(routing, meeting, "hold", {"minutes": "测评完成"}))
    (tested,) = await routing.told(CaseTested)
    assert {one.level: one.votes for one in tested.votes}["satisfied"] == 18
    assert len(await routing.told(MeetingHeld)) == 1
    await replied(routing)
    await dissatisfied_then_satisfied(routing)
    assert (await phases(routing))["办"] == 1


async def test_a_group_appraises_again_and_what_fails_is_handed_over_again(running):
    """二次评价、二次交办."""
    routing = await at_place(running, "qidong")
    await suggestion_replied(routing)
    ok(await rate(routing, "a", rating("satisfied")))
    case = await routing.case("a")
    assert case["status"] == "closed"
    body = {"deputies": [str(one) for one in GROUP], "voters": 3}
    appraisal = made(await routing.post(f"/cases/{case['id']}/second-appraisals", body, case["version"], desk()))
    for who in GROUP:
        ok(await vote(routing, appraisal, who, "dissatisfied"))
    for seat in (4, 5):
        ok(await slip(routing, appraisal, seat, "basically_satisfied"))
    ok(await ended(routing, appraisal))
    case = await routing.case("a")
    assert (case["status"], case["round"]) == ("assigned", 2)
    assert [one.round for one in await routing.told(CaseReopened)] == [2]
