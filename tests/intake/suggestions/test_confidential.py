"""Confidential suggestions: their signers and the congress's office read them, and nobody else learns what they say."""

from __future__ import annotations

import json

from tests import kit
from tests.intake.suggestions.conftest import FIRST, LEAD, SECOND, Open, adviser, begun, deputy, office, refusal, township

SECRET = {"title": "金丝雀一号题目", "secrecy": "confidential", "cause": "金丝雀二号案由，涉及需要保密的情况说明。"}


async def test_only_signers_and_the_congress_s_office_see_it(service: kit.Running) -> None:
    paper = await begun(service, **SECRET)
    await paper.invite(FIRST)
    await paper.sign(FIRST)
    await paper.submit()
    for who in (deputy(LEAD), deputy(FIRST), office()):
        assert (await paper.seen_by(who)).json()["title"] == SECRET["title"]
    for who in (township(), deputy(SECOND), kit.token("leader"), adviser()):
        assert refusal(await paper.seen_by(who)) == (404, "SuggestionNotFound")
        assert (await service.client.get("/suggestions", headers=who)).json()["items"] == []
        for door in ("/versions", "/attachments/01970000-0000-7000-8000-000000000001"):
            assert (await paper.call("GET", door, who)).status_code == 404
    assert refusal(await paper.call("POST", "/check", township(), {})) == (404, "SuggestionNotFound")


async def test_its_words_are_in_no_event_whatever_becomes_of_it(opened: Open) -> None:
    service = await opened()
    checked, refused = await begun(service, **SECRET), await begun(service, **SECRET)
    await checked.pre_submit()
    await checked.done("POST", "/return", office(), {"reason": "金丝雀三号理由"})
    for paper in (checked, refused):
        await paper.invite(FIRST)
        await paper.submit()
    await checked.check()
    await refused.refuse(reason="金丝雀四号理由")
    assert refusal(await refused.call("POST", "/letter", office(), {"organisation": "housing"})) == (409, "ConfidentialStaysInside")
    told = json.dumps([one.data() for one in await service.outbox()], ensure_ascii=False)
    assert "金丝雀" not in told
    assert (await checked.names())[-1] == "SuggestionChecked"
    assert checked.shown["refusal"] is None and refused.shown["refusal"]["reason"] == "金丝雀四号理由"
    assert (await service.client.get("/public/suggestions")).json()["items"] == []


async def test_its_pre_submission_is_for_the_congress_s_office_and_not_the_township(service: kit.Running) -> None:
    paper = await begun(service, **SECRET)
    await paper.pre_submit()
    assert refusal(await paper.call("POST", "/pass", township())) == (404, "SuggestionNotFound")
    await paper.done("POST", "/pass", office())
    assert paper.status == "passed"


async def test_no_adviser_is_asked_and_one_asked_before_sees_it_no_more(opened: Open) -> None:
    service = await opened(pre_checks_required_for=["recess"])
    paper = await begun(service)
    await paper.done("POST", "/pre-checks", deputy(LEAD), {"organisation": "housing"})
    await paper.save(**SECRET)
    assert refusal(await paper.seen_by(adviser())) == (404, "SuggestionNotFound")
    opinion = {"point": "legality", "favourable": True, "comment": "合法"}
    assert refusal(await paper.call("POST", "/opinions", adviser(), opinion)) == (404, "SuggestionNotFound")
    answer = await paper.call("POST", "/pre-checks", deputy(LEAD), {"organisation": "transport"})
    assert refusal(answer) == (409, "ConfidentialStaysInside")
    await paper.submit()
    assert paper.status == "submitted"


async def test_opened_again_it_stays_hidden_until_handed_over_open_and_its_secret_text_for_ever(service: kit.Running) -> None:
    paper = await begun(service, **SECRET)
    await paper.pre_submit()
    await paper.done("POST", "/return", office(), {"reason": "不必保密"})
    await paper.save(secrecy="open", title="可以公开的题目", cause="可以公开的案由，老旧小区缺少充电设施。")
    assert refusal(await paper.seen_by(township())) == (404, "SuggestionNotFound")
    await paper.pre_submit()
    assert (await paper.seen_by(township())).json()["title"] == "可以公开的题目"
    assert [one["form"]["title"] for one in await paper.done("GET", "/versions", township())] == ["可以公开的题目"]
    assert len(await paper.done("GET", "/versions", office())) == 2
