"""Joint suggestions: a co-signer says yes or no to the very text that is submitted."""

from __future__ import annotations

import uuid

from shared.events.intake_suggestions import CoSignerAnswered, CoSignerInvited, SuggestionSubmitted
from tests import kit
from tests.intake.suggestions.conftest import (
    AT_CONGRESS,
    FIRST,
    LEAD,
    OUTSIDER,
    SECOND,
    TOWN_DEPUTY,
    Open,
    begun,
    deputy,
    mandate,
    refusal,
)


async def test_an_invited_deputy_reads_the_draft_signs_it_and_is_credited_when_it_is_submitted(service: kit.Running) -> None:
    paper = await begun(service)
    await paper.invite(FIRST, SECOND)
    assert (await paper.seen_by(deputy(FIRST))).json()["relation"] == "co_signer"
    await paper.sign(FIRST)
    await paper.sign(SECOND, agreed=False)
    assert refusal(await paper.seen_by(deputy(SECOND))) == (404, "SuggestionNotFound")
    await paper.submit()
    events = await paper.events()
    assert [one.co_signer for one in events if isinstance(one, CoSignerInvited)] == [FIRST, SECOND]
    assert [(one.co_signer, one.agreed) for one in events if isinstance(one, CoSignerAnswered)] == [(FIRST, True), (SECOND, False)]
    [submitted] = [one for one in events if isinstance(one, SuggestionSubmitted)]
    assert (submitted.deputy_id, submitted.co_signers, submitted.raised_in, submitted.session) == (LEAD, (FIRST,), "recess", None)
    assert {one["name"]: one["state"] for one in paper.shown["co_signers"]} == {"顾长风": "agreed", "钱思齐": "declined"}


async def test_what_a_co_signer_has_read_is_never_overwritten_and_a_changed_text_needs_a_new_yes(service: kit.Running) -> None:
    paper = await begun(service)
    await paper.invite(FIRST)
    await paper.sign(FIRST)
    await paper.save(title="改过的题目")
    assert paper.shown["content_version"] == 2
    answer = await paper.call("POST", "/submission", deputy(LEAD))
    assert (*refusal(answer), answer.json()["co_signers"]) == (409, "CoSignersAgreedToAnotherText", [str(FIRST)])
    await paper.invite(FIRST)
    assert paper.shown["co_signers"][0]["state"] == "invited"
    await paper.sign(FIRST)
    await paper.submit()
    assert paper.status == "submitted"


async def test_a_co_signer_who_read_an_earlier_text_is_told_to_read_the_newest(service: kit.Running) -> None:
    paper = await begun(service)
    await paper.invite(FIRST)
    read = paper.shown["content_version"]
    await paper.save(title="改过的题目")
    answer = await paper.call("PUT", "/signature", deputy(FIRST), {"agreed": True, "content_version": read})
    assert (*refusal(answer), answer.json()["current"]) == (409, "TextHasChanged", 2)


async def test_only_others_of_the_same_congress_with_an_active_mandate_are_invited(service: kit.Running) -> None:
    paper = await begun(service)
    await service.deliver(mandate(SECOND, "钱思齐", status="ended", version_no=2))
    for who, code in ((LEAD, "CoSignerNotOfThisCongress"), (OUTSIDER, "CoSignerNotOfThisCongress"), (SECOND, "MandateNotActive"),
                      (TOWN_DEPUTY, "CoSignerNotOfThisCongress"), (uuid.uuid4(), "CoSignerNotOfThisCongress")):  # fmt: skip
        answer = await paper.call("POST", "/co-signers", deputy(LEAD), {"deputies": [str(FIRST), str(who)]})
        assert (refusal(answer)[1], answer.json()["deputy_id"]) == (code, str(who))
    assert not (await service.rows())["suggestion_co_signer"]
    await paper.save(open_to_joint=False)
    assert refusal(await paper.call("POST", "/co-signers", deputy(LEAD), {"deputies": [str(FIRST)]}))[1] == "JointSigningClosed"


async def test_a_co_signer_signs_and_does_not_edit_submit_or_invite(service: kit.Running) -> None:
    paper = await begun(service)
    await paper.invite(FIRST)
    await paper.sign(FIRST)
    doors = [("PUT", "/form", paper.shown["form"]), ("POST", "/submission", None), ("POST", "/pre-submission", None),
             ("POST", "/co-signers", {"deputies": [str(SECOND)]}), ("POST", "/withdrawal", {"reason": "不想提了"}),
             ("DELETE", f"/co-signers/{FIRST}", None)]  # fmt: skip
    for method, door, body in doors:
        assert refusal(await paper.call(method, door, deputy(FIRST), body)) == (403, "NotTheLead"), door
    assert paper.status == "draft"


async def test_who_was_not_asked_released_or_lapsed_does_not_sign(service: kit.Running) -> None:
    paper = await begun(service)
    text = {"agreed": True, "content_version": 1}
    assert refusal(await paper.call("PUT", "/signature", deputy(FIRST), text)) == (404, "SuggestionNotFound")
    await paper.invite(FIRST, SECOND)
    await paper.done("DELETE", f"/co-signers/{FIRST}", deputy(LEAD))
    assert refusal(await paper.call("PUT", "/signature", deputy(FIRST), text)) == (403, "NotInvited")
    assert refusal(await paper.seen_by(deputy(FIRST))) == (404, "SuggestionNotFound")
    await paper.submit()
    assert refusal(await paper.call("PUT", "/signature", deputy(SECOND), text)) == (403, "NotInvited")
    assert [one["state"] for one in paper.shown["co_signers"]] == ["released", "lapsed"]


async def test_a_yes_taken_back_before_submission_does_not_count(service: kit.Running) -> None:
    paper = await begun(service)
    await paper.invite(FIRST)
    await paper.sign(FIRST)
    await paper.sign(FIRST, agreed=False)
    await paper.submit()
    assert [one.co_signers for one in await paper.events() if isinstance(one, SuggestionSubmitted)] == [()]


async def test_a_bill_needs_its_signers(opened: Open, clock: object) -> None:
    clock.move_to(AT_CONGRESS)  # type: ignore[attr-defined]
    service = await opened(levels={"county": {"office_digits": 6, "bill_signers": 3}})
    bill = await begun(service, kind="bill", raised_in="congress")
    await bill.invite(FIRST, SECOND)
    await bill.sign(FIRST)
    answer = await bill.call("POST", "/submission", deputy(LEAD))
    assert (*refusal(answer), answer.json()["signers"], answer.json()["needed"]) == (409, "TooFewSigners", 2, 3)
    assert bill.shown["co_signers"][1]["state"] == "invited"
    await bill.sign(SECOND)
    await bill.submit()
    assert bill.status == "submitted"


async def test_a_signature_of_a_deputy_whose_mandate_ended_stops_the_submission(service: kit.Running) -> None:
    paper = await begun(service)
    await paper.invite(FIRST)
    await paper.sign(FIRST)
    await service.deliver(mandate(FIRST, "顾长风", status="ended", version_no=2))
    answer = await paper.call("POST", "/submission", deputy(LEAD))
    assert (refusal(answer)[1], answer.json()["deputy_id"]) == ("MandateNotActive", str(FIRST))
