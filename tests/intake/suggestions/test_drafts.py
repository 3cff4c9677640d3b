"""Drafts on a phone: saved again and again, seen by nobody, kept in versions; who may begin one, and what a form must hold."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest

from tests import kit
from tests.intake.suggestions.conftest import (
    FIRST,
    FORM,
    LEAD,
    OUTSIDER,
    STREET,
    TOWN_DEPUTY,
    Open,
    Paper,
    begun,
    deputy,
    mandate,
    office,
    refusal,
    township,
)


async def test_an_empty_draft_is_a_draft_and_nobody_but_its_lead_sees_it(service: kit.Running) -> None:
    answer = await service.client.post("/suggestions", json={}, headers=deputy(LEAD))
    assert answer.status_code == 201, answer.text
    draft = Paper(service, answer.json(), LEAD)
    assert (draft.status, draft.shown["relation"], draft.shown["version"]) == ("draft", "lead", 1)
    assert not await service.outbox()
    for stranger in (deputy(FIRST), office(), township(), kit.token("leader"), kit.token("department")):
        assert refusal(await draft.seen_by(stranger)) == (404, "SuggestionNotFound")
        listed = await service.client.get("/suggestions", headers=stranger)
        assert listed.json()["items"] == []


async def test_autosaves_within_ten_minutes_are_one_version_and_later_ones_another(service: kit.Running, clock: object) -> None:
    draft = await begun(service)
    for letter in "甲乙丙":
        await draft.save(title=f"建议{letter}")
    assert (draft.shown["content_version"], draft.shown["version"]) == (1, 4)
    clock.shift(timedelta(minutes=11))  # type: ignore[attr-defined]
    await draft.save(title="建议丁")
    texts = await draft.done("GET", "/versions", deputy(LEAD))
    assert [(one["content_version"], one["form"]["title"]) for one in texts] == [(2, "建议丁"), (1, "建议丙")]


async def test_a_save_that_changes_nothing_makes_no_version(service: kit.Running) -> None:
    draft = await begun(service)
    before = await service.rows()
    await draft.save()
    assert await service.rows() == before


async def test_a_second_phone_with_an_old_draft_is_told_so_and_overwrites_nothing(service: kit.Running) -> None:
    draft = await begun(service)
    await draft.save(title="第一部手机")
    answer = await draft.call("PUT", "/form", deputy(LEAD), {**FORM, "title": "第二部手机"}, version=1)
    assert (*refusal(answer), answer.json()["current"]) == (409, "StaleVersion", 2)
    assert draft.shown["title"] == "第一部手机"


async def test_a_save_sent_twice_with_one_key_is_saved_once(service: kit.Running) -> None:
    draft = await begun(service)
    form, key = {**FORM, "title": "改过的题目"}, {"Idempotency-Key": "phone-0001"}
    first = await draft.call("PUT", "/form", deputy(LEAD), form, version=1, **key)
    again = await draft.call("PUT", "/form", deputy(LEAD), form, version=1, **key)
    assert (first.status_code, again.status_code, first.json()) == (200, 200, again.json())
    assert draft.shown["version"] == 2


@pytest.mark.parametrize(
    ("changes", "status", "code", "where"),
    [
        ({"category": "no_such"}, 422, "UnknownChoice", "category"),
        ({"formed_by": ["visits", "hearsay"]}, 422, "UnknownChoice", "formed_by"),
        ({"raised_before": "often"}, 422, "UnknownChoice", "raised_before"),
        ({"conflicts": {"no_question": True}}, 422, "UnknownChoice", "conflicts"),
        ({"lead_wish": "no_such"}, 422, "OrganisationUnknown", "lead_wish"),
        ({"co_wishes": ["housing", "no_such"]}, 422, "OrganisationUnknown", "co_wishes"),
        ({"title": "长" * 201}, 422, "InvalidRequest", None),
        ({"cause": "长" * 10_001}, 422, "InvalidRequest", None),
        ({"attachments": [str(uuid.uuid4())]}, 422, "InvalidRequest", None),
        ({"kind": "order"}, 422, "InvalidRequest", None),
        ({"secrecy": "top"}, 422, "InvalidRequest", None),
        ({"cause": "a\x00b"}, 422, "InvalidRequest", None),
    ],
)
async def test_what_does_not_fit_the_form_is_refused_with_its_place_and_saves_nothing(
    service: kit.Running, changes: dict[str, object], status: int, code: str, where: str | None
) -> None:
    draft = await begun(service)
    before = await service.rows()
    for answer in (
        await service.client.post("/suggestions", json={**FORM, **changes}, headers=deputy(LEAD)),
        await draft.call("PUT", "/form", deputy(LEAD), {**FORM, **changes}),
    ):
        assert refusal(answer) == (status, code), answer.text
        assert where is None or answer.json()["where"] == where
    assert await service.rows() == before


async def test_only_a_deputy_of_a_congress_served_here_with_an_active_mandate_begins_one(service: kit.Running) -> None:
    await service.deliver(mandate(FIRST, "顾长风", status="suspended", version_no=2))
    wanted = {FIRST: "MandateNotActive", OUTSIDER: "LevelRaisesElsewhere", STREET: "LevelRaisesElsewhere", uuid.uuid4(): "NoMandate"}
    for who, code in wanted.items():
        assert refusal(await service.client.post("/suggestions", json=FORM, headers=deputy(who)))[1] == code
    assert refusal(await service.client.post("/suggestions", json=FORM, headers=office())) == (403, "NotPermitted")
    assert not (await service.rows())["suggestion"]


async def test_a_town_s_deputy_raises_to_the_town_s_congress(service: kit.Running) -> None:
    paper = await begun(service, TOWN_DEPUTY)
    await paper.submit()
    assert (await paper.seen_by(township())).json()["relation"] == "office"
    assert refusal(await paper.seen_by(township("320412102"))) == (404, "SuggestionNotFound")
    # Another congress than the district's: its desk may read what was submitted and decides nothing.
    assert (await paper.seen_by(office())).json()["relation"] == "reader"
    assert refusal(await paper.call("POST", "/check", office(), {})) == (403, "NotYourOffice")
    pre = await begun(service, TOWN_DEPUTY)
    await pre.pre_submit()
    assert refusal(await pre.call("POST", "/pass", office())) == (404, "SuggestionNotFound")


async def test_a_newer_mandate_wins_in_whatever_order_it_comes(service: kit.Running) -> None:
    await service.deliver(mandate(LEAD, "陆雨桐", status="ended", version_no=3), mandate(LEAD, "陆雨桐", version_no=2))
    assert refusal(await service.client.post("/suggestions", json=FORM, headers=deputy(LEAD)))[1] == "MandateNotActive"


async def test_contact_data_is_sealed_and_leaves_with_no_event_list_or_version(
    service: kit.Running, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = await begun(service, wants_contact=True)
    contact = {"phone": "13912345678", "address": "湖塘镇金丝雀路1号", "postcode": "213161", "card": "WJW001-7777"}
    await paper.done("PUT", "/contact", deputy(LEAD), contact)
    assert (await paper.done("GET", "/contact", deputy(LEAD))) == contact
    await paper.submit()
    checked = await paper.check()
    rows = json.dumps(await service.rows(), ensure_ascii=False)
    told = json.dumps([one.data() for one in await service.outbox()], ensure_ascii=False)
    listed = (await service.client.get("/suggestions", headers=office())).text
    printed = "".join(capsys.readouterr()) + caplog.text
    for place, text in {"rows": rows, "events": told, "list": listed, "detail": json.dumps(checked), "logs": printed}.items():
        for canary in contact.values():
            assert canary not in text, place
            assert canary.encode().hex() not in text, place


async def test_the_office_reads_contact_data_for_a_purpose_that_is_kept_and_others_do_not(service: kit.Running) -> None:
    paper = await begun(service)
    assert refusal(await paper.call("GET", "/contact", deputy(LEAD))) == (404, "ContactNotGiven")
    await paper.done("PUT", "/contact", deputy(LEAD), {"phone": "13912345678"})
    await paper.submit()
    answer = await paper.done("POST", "/contact-readings", office(), {"purpose": "clarify"})
    assert answer == {"phone": "13912345678", "address": None, "postcode": None, "card": None}
    rows = (await service.rows())["suggestion_contact_reading"]
    assert len(rows) == 1 and "clarify" in rows[0]
    for stranger in (township(), deputy(FIRST), kit.token("department")):
        assert (await paper.call("POST", "/contact-readings", stranger, {"purpose": "好奇"})).status_code in (403, 404)
    assert (await paper.call("GET", "/contact", deputy(FIRST))).status_code == 404


async def test_lists_are_paged_filtered_and_each_caller_s_own(service: kit.Running) -> None:
    mine = [await begun(service, title=f"建议{n}") for n in range(5)]
    other = await begun(service, FIRST)
    await mine[0].submit()
    await other.submit()
    seen, cursor = [], ""
    while True:
        page = (await service.client.get(f"/suggestions?limit=2&cursor={cursor}", headers=deputy(LEAD))).json()
        seen += [one["id"] for one in page["items"]]
        if not (cursor := page["next_cursor"]):
            break
    assert seen == [str(one.id) for one in reversed(mine)]
    at_office = (await service.client.get("/suggestions?status=submitted&raised_in=recess", headers=office())).json()["items"]
    assert [one["id"] for one in at_office] == [str(other.id), str(mine[0].id)]
    assert {one["lead_name"] for one in at_office} == {"陆雨桐", "顾长风"}
    in_town = (await service.client.get("/suggestions", headers=township("320412102"))).json()["items"]
    assert [one["id"] for one in in_town] == [str(other.id)]
    assert (await service.client.get("/suggestions?kind=bill", headers=office())).json()["items"] == []


async def test_labels_are_chinese_first_and_english_on_demand(opened: Open) -> None:
    service = await opened()
    paper = await begun(service)
    assert (paper.shown["status_label"], paper.shown["kind_label"]) == ("草稿", "建议")
    english = await service.client.get(f"/suggestions/{paper.id}", headers={**deputy(LEAD), "Accept-Language": "en"})
    assert (english.json()["status_label"], english.json()["kind_label"]) == ("Draft", "Suggestion")
    form = (await service.client.get("/public/suggestion-form")).json()
    assert {"code": "study", "label": "专题调研"} in form["formed_by"]
    assert next(one["id"] for one in form["sessions"]) == "county_18_1" and form["attachments"] == 3
    assert [one["label"] for one in form["raised_before"]] == ["两年", "三年", "三年以上"]
