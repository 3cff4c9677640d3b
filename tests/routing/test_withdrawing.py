"""What its sender takes back, or a deputy's answer settles, needs no department any more."""

from __future__ import annotations

from typing import Any

import pytest

from shared.events.intake_opinions import OpinionWithdrawn, RepAnswerJudged
from shared.events.routing import AssignmentWithdrawn, CaseWithdrawn
from tests.routing import golden
from tests.routing.conftest import REPLY, ok, refused


def withdrawn(name: str = "a") -> OpinionWithdrawn:
    return OpinionWithdrawn(opinion_id=golden.opinion_id(name), number="n")


def judged(*, accepted: bool) -> RepAnswerJudged:
    return RepAnswerJudged(opinion_id=golden.opinion_id("a"), number="n", deputy_id=golden.STATION, accepted=accepted)


@pytest.mark.parametrize(("event", "reason"), [(withdrawn(), "by_sender"), (judged(accepted=True), "answered_by_rep")])
async def test_the_case_ends_and_its_department_is_told(routing: Any, event: Any, reason: str) -> None:
    await routing.opened("a")
    await routing.service.deliver(event)
    case = await routing.case("a")
    assert case["status"] == "withdrawn"
    [told], [gone] = await routing.told(CaseWithdrawn), await routing.told(AssignmentWithdrawn)
    assert (told.reason, told.case_version, gone.organisation) == (reason, case["version"], "housing")


async def test_nobody_handles_it_further(routing: Any) -> None:
    await routing.opened("a")
    await routing.service.deliver(withdrawn())
    refused(await routing.act("a", "accept", 3), 409, "CaseWasWithdrawn")


async def test_a_closed_case_stays_closed_and_a_second_event_changes_nothing(routing: Any) -> None:
    await routing.handled("a")
    await routing.rate("a", 1, "satisfied")
    await routing.service.deliver(withdrawn())
    assert (await routing.case("a"))["status"] == "closed"
    await routing.opened("b")
    await routing.service.deliver(withdrawn("b"))
    before = await routing.case("b")
    await routing.service.deliver(withdrawn("b"))
    assert await routing.case("b") == before


async def test_a_withdrawal_heard_before_its_opinion_waits_for_it(routing: Any) -> None:
    await routing.service.deliver(withdrawn())
    await routing.opened("a", None)
    await routing.service.deliver()
    assert (await routing.case("a"))["status"] == "withdrawn"


async def test_an_answer_that_the_sender_is_not_content_with_moves_no_case(routing: Any) -> None:
    before = await routing.opened("a")
    await routing.service.deliver(judged(accepted=False))
    after = ok(await routing.act("a", "accept", before["version"]))
    assert after["status"] == "accepted"
    ok(await routing.act("a", "reply", after["version"], REPLY))
