"""The congress's office: hand-over with all that routing needs, refusals with a ground, deputies' letters, bills."""

from __future__ import annotations

import pytest

from shared.events.intake_suggestions import (
    BillTurnedIntoSuggestion,
    SuggestionChecked,
    SuggestionPassedOnAsLetter,
    SuggestionRefused,
)
from tests import kit
from tests.intake.suggestions.conftest import AT_CONGRESS, FIRST, FORM, LEAD, Open, Paper, begun, deputy, office, refusal

ONE_SIGNER = {"levels": {"county": {"office_digits": 6, "bill_signers": 1}}}


async def submitted(service: kit.Running, **changes: object) -> Paper:
    paper = await begun(service, **changes)
    await paper.submit()
    return paper


async def test_a_checked_suggestion_is_told_with_all_that_opens_a_case_and_its_numbers_masked(service: kit.Running) -> None:
    paper = await begun(
        service,
        title="请致电13712345678",
        category="construction",
        lead_wish="housing",
        co_wishes=["transport"],
        wants_contact=True,
        for_reference_only=True,
        publication="title_only",
        raised_before="two_years",
    )
    await paper.invite(FIRST)
    await paper.sign(FIRST)
    await paper.submit()
    await paper.check()
    told = (await paper.events())[-1]
    assert isinstance(told, SuggestionChecked)
    assert (told.suggestion_id, told.number, told.deputy_id, told.co_signers) == (paper.id, paper.shown["number"], LEAD, (FIRST,))
    assert (told.kind, told.raised_in, told.session, told.term, told.level, told.delegation) == (
        "suggestion", "recess", None, 17, "county", "湖塘镇代表团")  # fmt: skip
    assert (told.title, told.category, told.lead_wish, told.co_wishes) == ("请致电1*********8", "construction", "housing", ("transport",))
    assert told.text == f"【案由】\n{FORM['cause']}\n\n【案据】\n{FORM['analysis']}\n\n【方案】\n{FORM['measures']}"
    assert (told.formed_by, told.raised_before) == (("visits",), "two_years")
    assert (told.publication, told.handling, told.wants_contact, told.reply_wanted) == ("title_only", "lead_and_co", True, False)
    assert (told.region, told.office, told.confidential, told.from_bill) == ("320412100", "320412", False, False)
    assert (told.quality, told.profile_version) == (paper.shown["quality"]["points"], "wujin@1+national@1")


async def test_the_office_s_category_goes_before_the_deputy_s_wish(service: kit.Running) -> None:
    paper = await submitted(service, category="construction")
    assert refusal(await paper.call("POST", "/check", office(), {"category": "no_such"})) == (422, "UnknownChoice")
    await paper.check(category="transport")
    told = (await paper.events())[-1]
    assert isinstance(told, SuggestionChecked) and told.category == "transport"
    assert paper.shown["category"] == "transport"


async def test_a_refusal_shows_its_ground_and_reason_to_the_deputy_and_is_told_masked(service: kit.Running) -> None:
    paper = await submitted(service)
    answer = await paper.call("POST", "/refusal", office(), {"ground": "no_such", "reason": "没有理由"})
    assert (*refusal(answer), "own_matter" in answer.json()["known"]) == (422, "UnknownChoice", True)
    for body in ({"ground": "other"}, {"ground": "other", "reason": ""}, {"reason": "没有情形"}):
        assert refusal(await paper.call("POST", "/refusal", office(), body)) == (422, "InvalidRequest")
    await paper.refuse("outside_power", "属于上级职权，可致电13712345678咨询")
    assert paper.shown["refusal"] == {
        "ground": "outside_power",
        "ground_label": "不属于本行政区域职权",
        "reason": "属于上级职权，可致电13712345678咨询",
        "letter_to": None,
    }
    told = (await paper.events())[-1]
    assert isinstance(told, SuggestionRefused)
    assert (told.ground, told.reason) == ("outside_power", "属于上级职权，可致电1*********8咨询")


async def test_a_refused_one_goes_on_as_a_deputy_s_letter_once_when_its_ground_lets_it(service: kit.Running) -> None:
    paper = await submitted(service)
    await paper.refuse("own_matter")
    assert refusal(await paper.call("POST", "/letter", office(), {"organisation": "no_such"})) == (422, "OrganisationUnknown")
    await paper.done("POST", "/letter", office(), {"organisation": "housing"})
    told = (await paper.events())[-1]
    assert isinstance(told, SuggestionPassedOnAsLetter)
    assert (told.organisation, told.ground, told.title) == ("housing", "own_matter", FORM["title"])
    assert (paper.status, paper.shown["refusal"]["letter_to"]) == ("refused", "housing")
    answer = await paper.call("POST", "/letter", office(), {"organisation": "transport"})
    assert (*refusal(answer), answer.json()["organisation"]) == (409, "LetterAlreadyPassedOn", "housing")
    other = await submitted(service)
    await other.refuse("court_case")
    assert refusal(await other.call("POST", "/letter", office(), {"organisation": "housing"})) == (409, "GroundNotForLetter")


@pytest.mark.parametrize("ground", ["own_matter", "forwarded_petition", "complaint_or_report", "court_case", "bid", "academic_or_product",
                                    "no_content", "outside_power", "own_unit", "other"])  # fmt: skip
async def test_each_ground_of_the_list_can_be_given(service: kit.Running, ground: str) -> None:
    paper = await submitted(service)
    await paper.refuse(ground)
    assert paper.shown["refusal"]["ground"] == ground


async def test_a_bill_not_put_on_the_agenda_is_turned_into_a_suggestion_and_checked_as_one(opened: Open, clock: object) -> None:
    clock.move_to(AT_CONGRESS)  # type: ignore[attr-defined]
    service = await opened(**ONE_SIGNER)
    bill = await submitted(service, kind="bill", raised_in="congress")
    assert refusal(await bill.call("POST", "/check", office(), {})) == (409, "BillNotDecided")
    await bill.done("POST", "/turn", office(), {"reason": "主席团决定不列入议程"})
    assert (bill.status, bill.shown["kind"], bill.shown["kind_label"], bill.shown["from_bill"]) == ("submitted", "suggestion", "建议", True)
    for door, body in (("/turn", {"reason": "再转一次"}), ("/agenda", None)):
        assert refusal(await bill.call("POST", door, office(), body)) == (409, "NotABill")
    await bill.check()
    turned, checked = (await bill.events())[-2:]
    assert isinstance(turned, BillTurnedIntoSuggestion) and turned.reason == "主席团决定不列入议程"
    assert isinstance(checked, SuggestionChecked)
    assert (checked.kind, checked.from_bill, checked.raised_in, checked.session) == ("suggestion", True, "congress", "county_17_5")


async def test_what_anybody_reads_is_what_the_signers_agreed_to(service: kit.Running) -> None:
    full = await submitted(service, title="全文公开，电话13712345678")
    title = await submitted(service, title="只公开标题", publication="title_only")
    secret = await submitted(service, title="保密的事", secrecy="confidential")
    await submitted(service, title="还没有审查")
    for paper in (full, title, secret):
        await paper.check()
    page = (await service.client.get("/public/suggestions?limit=1")).json()
    rest = (await service.client.get(f"/public/suggestions?limit=5&cursor={page['next_cursor']}")).json()
    found = page["items"] + rest["items"]
    assert [(one["title"], one["text"] is None) for one in found] == [("只公开标题", True), ("全文公开，电话1*********8", False)]
    assert {one["lead"] for one in found} == {"陆雨桐"} and rest["next_cursor"] is None


async def test_the_deputy_reads_what_the_office_did_without_the_names_of_its_people(service: kit.Running) -> None:
    paper = await submitted(service)
    await paper.check()
    step = paper.shown["steps"][-1]
    assert (step["action"], step["by_role"], step["by_organisation"]) == ("check", "desk", "deputies_committee")
    assert "account" not in "".join(step)
    assert (await paper.call("PUT", "/form", deputy(LEAD), paper.shown["form"])).json()["code"] == "SuggestionAlreadyChecked"
