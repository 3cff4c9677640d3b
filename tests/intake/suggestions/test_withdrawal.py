"""Withdrawal by the place's rule: until when, in writing, and by all who signed."""

from __future__ import annotations

from typing import Any

import pytest

from shared.events.intake_suggestions import SuggestionWithdrawalAsked, SuggestionWithdrawalProposed, SuggestionWithdrawn
from tests import kit
from tests.intake.suggestions.conftest import FIRST, LEAD, SECOND, Open, Paper, begun, deputy, office, refusal, township


def rule(until: str, **changes: Any) -> dict[str, Any]:
    return {"withdrawal": {"until": until, "reason_required": True, "joint_needs_all": True, **changes}}


async def withdraw(paper: Paper, reason: str | None = "情况已经变化") -> Any:
    return await paper.call("POST", "/withdrawal", deputy(LEAD), {"reason": reason} if reason else {})


async def joint(service: kit.Running) -> Paper:
    paper = await begun(service)
    await paper.invite(FIRST, SECOND)
    await paper.sign(FIRST)
    await paper.sign(SECOND)
    await paper.submit()
    return paper


async def agree(paper: Paper, who: Any, agreed: bool = True) -> Any:
    return await paper.call("PUT", "/withdrawal/agreement", deputy(who), {"agreed": agreed})


@pytest.mark.parametrize(
    ("until", "from_submitted", "from_checked"),
    [("submission", False, False), ("check", True, False), ("hand_over", True, True), ("reply", True, True)],
)
async def test_the_place_s_rule_says_until_when(opened: Open, until: str, from_submitted: bool, from_checked: bool) -> None:
    service = await opened(**rule(until))
    for checked, goes in ((False, from_submitted), (True, from_checked)):
        paper = await begun(service)
        await paper.submit()
        if checked:
            await paper.check()
        answer = await withdraw(paper)
        if goes:
            assert answer.status_code == 200
            told = (await paper.events())[-1]
            if checked:
                assert isinstance(told, SuggestionWithdrawalAsked) and told.until == until
                assert (paper.status, paper.shown["withdrawal_asked"]) == ("checked", True)
                assert refusal(await withdraw(paper)) == (409, "WithdrawalAlreadyOpen")
            else:
                assert isinstance(told, SuggestionWithdrawn) and told.was_submitted and paper.status == "withdrawn"
        else:
            assert (*refusal(answer), answer.json()["until"]) == (409, "WithdrawalTooLate", until)


async def test_what_an_office_was_handed_is_withdrawn_in_writing_and_a_draft_without_a_word(opened: Open) -> None:
    service = await opened(**rule("check"))
    draft, paper = await begun(service), await begun(service)
    assert (await withdraw(draft, None)).status_code == 200
    told = (await draft.events())[-1]
    assert isinstance(told, SuggestionWithdrawn) and not told.was_submitted
    await paper.pre_submit()
    assert refusal(await withdraw(paper, None)) == (422, "ReasonMissing")
    assert (await withdraw(paper, "已另行解决")).status_code == 200
    assert paper.shown["steps"][-1]["note"] == "已另行解决"
    free = await opened(**rule("check", reason_required=False))
    paper = await begun(free)
    await paper.submit()
    assert (await withdraw(paper, None)).status_code == 200


async def test_a_joint_one_is_withdrawn_when_all_agree(service: kit.Running) -> None:
    paper = await joint(service)
    assert (await withdraw(paper)).status_code == 200
    told = (await paper.events())[-1]
    assert isinstance(told, SuggestionWithdrawalProposed) and set(told.co_signers) == {FIRST, SECOND}
    assert (await paper.seen_by(deputy(FIRST))).json()["withdrawal"]["reason"] == "情况已经变化"
    assert refusal(await withdraw(paper)) == (409, "WithdrawalAlreadyOpen")
    assert (await agree(paper, FIRST)).status_code == 200
    assert refusal(await agree(paper, FIRST)) == (409, "WithdrawalAnswered")
    assert paper.status == "submitted"
    assert refusal(await agree(paper, LEAD)) == (403, "NotInvited")
    assert (await agree(paper, SECOND)).status_code == 200
    assert (paper.status, paper.shown["withdrawal"]) == ("withdrawn", None)
    told = (await paper.events())[-1]
    assert isinstance(told, SuggestionWithdrawn) and set(told.co_signers) == {FIRST, SECOND}


async def test_one_no_ends_it_and_it_may_be_proposed_again(service: kit.Running) -> None:
    paper = await joint(service)
    assert refusal(await agree(paper, FIRST)) == (409, "NoWithdrawalOpen")
    await withdraw(paper)
    await agree(paper, FIRST, agreed=False)
    assert (paper.status, paper.shown["withdrawal"]) == ("submitted", None)
    assert refusal(await agree(paper, SECOND)) == (409, "NoWithdrawalOpen")
    assert (await withdraw(paper)).status_code == 200


async def test_where_the_lead_alone_decides_nobody_is_asked(opened: Open) -> None:
    service = await opened(**rule("check", joint_needs_all=False))
    paper = await joint(service)
    await withdraw(paper)
    assert paper.status == "withdrawn"


async def test_a_draft_is_the_lead_s_own_to_withdraw_whoever_signed(service: kit.Running) -> None:
    paper = await begun(service)
    await paper.invite(FIRST)
    await paper.sign(FIRST)
    await withdraw(paper, None)
    assert paper.status == "withdrawn"


@pytest.mark.parametrize("until", ["check", "hand_over"])
async def test_a_withdrawal_not_all_agreed_to_when_the_office_decides_goes_on_only_where_the_rule_lets_it(opened: Open, until: str) -> None:
    service = await opened(**rule(until))
    paper = await joint(service)
    await withdraw(paper)
    await agree(paper, FIRST)
    await paper.check()
    answer = await agree(paper, SECOND)
    if until == "check":
        assert refusal(answer) == (409, "NoWithdrawalOpen")
        assert "SuggestionWithdrawalAsked" not in await paper.names()
    else:
        assert answer.status_code == 200
        assert (await paper.names())[-1] == "SuggestionWithdrawalAsked"
    assert paper.status == "checked"


async def test_only_the_lead_withdraws(service: kit.Running) -> None:
    paper = await joint(service)
    assert refusal(await paper.call("POST", "/withdrawal", deputy(FIRST), {"reason": "不提了"})) == (403, "NotTheLead")
    for other in (office(), township()):
        assert refusal(await paper.call("POST", "/withdrawal", other, {"reason": "不提了"})) == (403, "NotPermitted")
