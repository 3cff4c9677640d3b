"""Pre-submission with the township's check, both versions kept; formal submission on the congress's days, in recess at any time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.events.intake_suggestions import SuggestionReturned, SuggestionSubmitted
from tests import kit
from tests.intake.suggestions.conftest import (
    AT_CONGRESS,
    FIRST,
    LEAD,
    TOWN_DEPUTY,
    Open,
    begun,
    deputy,
    mandate,
    office,
    refusal,
    township,
)

REQUIRED = {"pre_submission": {"allowed_for": ["congress"], "required_for": ["congress"]}}


async def test_a_returned_pre_submission_is_mended_passed_and_submitted_and_both_texts_are_kept(opened: Open, clock: object) -> None:
    service = await opened(**REQUIRED)
    paper = await begun(service, raised_in="congress", title="预提交的题目")
    await paper.pre_submit()
    assert (await paper.seen_by(township())).json()["title"] == "预提交的题目"
    await paper.done("POST", "/return", township(), {"reason": "请补充数据，可致电13712345678"})
    assert (paper.status, paper.shown["steps"][-1]["note"]) == ("returned_to_draft", "请补充数据，可致电13712345678")
    [returned] = [one for one in await paper.events() if isinstance(one, SuggestionReturned)]
    assert returned.reason == "请补充数据，可致电1*********8"
    await paper.save(title="正式的题目")
    assert (await paper.seen_by(township())).json()["title"] == "预提交的题目"
    await paper.pre_submit()
    await paper.done("POST", "/pass", township())
    clock.move_to(AT_CONGRESS)  # type: ignore[attr-defined]
    await paper.submit()
    for who in (township(), office(), deputy(LEAD)):
        texts = await paper.done("GET", "/versions", who)
        assert [one["form"]["title"] for one in texts] == ["正式的题目", "预提交的题目"]
        assert [one["handed_over"] for one in texts] == ["pre_submitted", "pre_submitted"]


async def test_the_township_never_sees_what_the_lead_works_on(service: kit.Running) -> None:
    paper = await begun(service, title="交出的题目")
    await paper.pre_submit()
    await paper.done("DELETE", "/pre-submission", deputy(LEAD))
    await paper.save(title="还在写的题目")
    assert (paper.shown["title"], paper.shown["content_version"]) == ("还在写的题目", 2)
    for who in (township(), office()):
        assert (await paper.seen_by(who)).json()["title"] == "交出的题目"
        assert "还在写的题目" not in (await paper.call("GET", "/versions", who)).text
        assert "还在写的题目" not in (await service.client.get("/suggestions", headers=who)).text


async def test_where_the_place_asks_for_it_nothing_is_submitted_that_the_township_has_not_passed(opened: Open, clock: object) -> None:
    clock.move_to(AT_CONGRESS)  # type: ignore[attr-defined]
    service = await opened(**REQUIRED)
    paper = await begun(service, raised_in="congress")
    assert refusal(await paper.call("POST", "/submission", deputy(LEAD))) == (409, "PreSubmissionNeeded")
    await paper.pre_submit()
    assert refusal(await paper.call("POST", "/submission", deputy(LEAD))) == (409, "SuggestionUnderTownshipCheck")
    await paper.done("POST", "/pass", township())
    await paper.done("DELETE", "/pre-submission", deputy(LEAD))
    assert refusal(await paper.call("POST", "/submission", deputy(LEAD))) == (409, "PreSubmissionNeeded")
    recess = await begun(service)
    assert refusal(await recess.call("POST", "/pre-submission", deputy(LEAD))) == (409, "PreSubmissionNotUsed")
    await recess.submit()


async def test_another_town_s_desk_neither_sees_nor_passes_it(service: kit.Running) -> None:
    paper = await begun(service)
    await paper.pre_submit()
    elsewhere = township("320412102")
    assert refusal(await paper.seen_by(elsewhere)) == (404, "SuggestionNotFound")
    for door, body in (("/pass", None), ("/return", {"reason": "不归本镇"})):
        assert refusal(await paper.call("POST", door, elsewhere, body)) == (404, "SuggestionNotFound")
    assert paper.status == "pre_submitted"


async def test_a_town_s_desk_does_not_check_formally_for_the_district(service: kit.Running) -> None:
    paper = await begun(service)
    await paper.submit()
    for door, body in (("/check", {}), ("/refusal", {"ground": "other", "reason": "不合适"}), ("/contact-readings", {"purpose": "联系"})):
        assert refusal(await paper.call("POST", door, township(), body)) == (403, "NotYourOffice"), door
    assert paper.status == "submitted"


@pytest.mark.parametrize(
    ("moment", "goes"),
    [
        (datetime(2026, 1, 5, 15, 59, 0, tzinfo=UTC), False),
        (datetime(2026, 1, 5, 16, 0, 0, tzinfo=UTC), True),
        (datetime(2026, 1, 9, 15, 59, 0, tzinfo=UTC), True),
        (datetime(2026, 1, 9, 16, 0, 0, tzinfo=UTC), False),
    ],
)
async def test_formal_submission_opens_and_ends_with_the_congress_s_days_in_china(
    service: kit.Running, clock: object, moment: datetime, goes: bool
) -> None:
    clock.move_to(moment)  # type: ignore[attr-defined]
    paper = await begun(service, raised_in="congress")
    answer = await paper.call("POST", "/submission", deputy(LEAD))
    if goes:
        [told] = [one for one in await paper.events() if isinstance(one, SuggestionSubmitted)]
        assert (told.session, told.raised_in, paper.shown["term"], paper.shown["meeting"]) == ("county_17_5", "congress", 17, 5)
    else:
        opens = "2026-01-06" if moment.day == 5 else "2027-01-05"
        assert (*refusal(answer), answer.json()["opens_on"]) == (409, "CongressNotInSession", opens)
        assert paper.status == "draft"


async def test_each_congress_has_its_own_days(service: kit.Running, clock: object) -> None:
    clock.move_to(AT_CONGRESS)  # type: ignore[attr-defined]
    town = await begun(service, TOWN_DEPUTY, raised_in="congress")
    assert refusal(await town.call("POST", "/submission", deputy(TOWN_DEPUTY))) == (409, "CongressNotInSession")


async def test_in_recess_a_suggestion_is_submitted_on_any_day_and_a_bill_never(service: kit.Running) -> None:
    paper = await begun(service)
    await paper.submit()
    assert (paper.shown["term"], paper.shown["meeting"]) == (17, None)
    bill = await begun(service, kind="bill")
    assert refusal(await bill.call("POST", "/submission", deputy(LEAD))) == (422, "BillOnlyAtCongress")


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"title": ""}, ["title"]),
        ({"cause": "太短"}, ["cause"]),
        ({"measures": ""}, ["measures"]),
        ({"formed_by": []}, ["formed_by"]),
        ({"conflicts": {"own_case": False}}, ["conflicts.own_bid", "conflicts.own_gain"]),
    ],
)
async def test_what_is_not_clear_and_concrete_is_not_submitted(
    service: kit.Running, changes: dict[str, object], missing: list[str]
) -> None:
    paper = await begun(service, **changes)
    for door in ("/submission", "/pre-submission"):
        answer = await paper.call("POST", door, deputy(LEAD))
        assert (*refusal(answer), answer.json()["missing"]) == (422, "FormIncomplete", missing)


async def test_a_conflict_of_interest_stops_it_or_is_shown_to_the_office(service: kit.Running) -> None:
    case = await begun(service, conflicts={"own_case": True, "own_bid": False, "own_gain": False})
    answer = await case.call("POST", "/submission", deputy(LEAD))
    assert (*refusal(answer), answer.json()["questions"]) == (409, "ConflictOfInterest", ["own_case"])
    told = {"own_case": False, "own_bid": False, "own_gain": True}
    paper = await begun(service, conflicts=told)
    await paper.invite(FIRST)
    await paper.submit()
    assert (await paper.seen_by(office())).json()["form"]["conflicts"] == told
    for other in (township(), kit.token("leader")):
        assert (await paper.seen_by(other)).json()["form"]["conflicts"] == {}


async def test_a_lead_whose_mandate_ended_submits_nothing(service: kit.Running) -> None:
    paper = await begun(service)
    await service.deliver(mandate(LEAD, "陆雨桐", status="ended", version_no=2))
    for door in ("/submission", "/pre-submission"):
        assert refusal(await paper.call("POST", door, deputy(LEAD))) == (409, "MandateNotActive")


async def test_a_leader_reads_what_was_submitted_and_not_what_was_pre_submitted(service: kit.Running) -> None:
    paper = await begun(service)
    await paper.pre_submit()
    assert refusal(await paper.seen_by(kit.token("leader"))) == (404, "SuggestionNotFound")
    await paper.done("POST", "/pass", township())
    await paper.submit()
    shown = (await paper.seen_by(kit.token("leader"))).json()
    assert (shown["relation"], shown["steps"], shown["opinions"]) == ("reader", [], [])
