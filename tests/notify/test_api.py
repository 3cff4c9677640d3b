"""The inbox: one's own notices, newest first, and what is read."""

from __future__ import annotations

import uuid

import pytest

from tests.notify import golden


@pytest.fixture
async def service(running):
    service = await running("notify")
    for event in golden.EVENTS:
        await service.deliver(event)
    return service


@pytest.fixture
def housing(token):
    return token("department", organisation="housing")


async def classes(service, who, **params) -> list[str]:
    answer = await service.client.get("/inbox", params=params, headers=who)
    assert answer.status_code == 200, answer.text
    return [item["notice_class"] for item in answer.json()["items"]]


async def test_everybody_sees_the_own_notices_only_the_newest_first(service, token, housing):
    assert await classes(service, housing) == ["stage_delayed", "case_closed", "case_reopened", "case_overdue", "assignment_made"]
    assert await classes(service, token("department", organisation="ecology")) == ["assignment_made"]
    assert await classes(service, token("desk")) == ["case_replied", "case_replied", "case_objected"]
    assert await classes(service, token("leader", organisation="standing_committee")) == ["stage_delayed", "case_reopened", "case_overdue"]
    assert await classes(service, token("deputy", deputy_id=golden.DEPUTY)) == [
        "opinion_form_reminded",
        "opinion_form_sent",
        "contacts_found_below_minimum",
        "points_posted",
        "points_posted",
    ]
    assert await classes(service, token("deputy", deputy_id=uuid.uuid4())) == []
    assert (await service.client.get("/inbox")).status_code == 401


async def test_the_inbox_reads_in_the_language_asked_for(service, housing):
    english = (await service.client.get("/inbox", headers={**housing, "Accept-Language": "en-GB"})).json()["items"][0]
    assert (english["title"], english["params"]["stage"]) == ("A project stage is late", "construction")
    assert english["text"] == "The stage construction of a project was planned for 2026-03-01 and is late."


async def test_pages_follow_one_another(service, housing):
    first = (await service.client.get("/inbox", params={"limit": 2}, headers=housing)).json()
    rest = (await service.client.get("/inbox", params={"limit": 20, "cursor": first["next_cursor"]}, headers=housing)).json()
    assert [i["notice_class"] for i in first["items"] + rest["items"]] == await classes(service, housing)
    assert rest["next_cursor"] is None


async def test_what_one_account_has_read_is_unread_for_its_colleague(service, token):
    reader, colleague = (token("department", organisation="housing", account_id=uuid.UUID(int=n)) for n in (1, 2))
    newest = (await service.client.get("/inbox", headers=reader)).json()["items"][0]
    for _ in range(2):
        assert (await service.client.post(f"/inbox/{newest['id']}/read", headers=reader)).status_code == 204
    assert await classes(service, reader, unread=True) == ["case_closed", "case_reopened", "case_overdue", "assignment_made"]
    assert (await service.client.get("/inbox", headers=reader)).json()["items"][0]["read"] is True
    assert (await service.client.get("/inbox/unread", headers=reader)).json() == {"unread": 4, "more": False}
    assert (await service.client.get("/inbox/unread", headers=colleague)).json() == {"unread": 5, "more": False}
    assert len((await service.rows())["read_mark"]) == 1


async def test_a_foreign_notice_cannot_be_marked_and_is_not_told_of(service, token, housing):
    newest = (await service.client.get("/inbox", headers=housing)).json()["items"][0]
    stranger = token("department", organisation="ecology")
    answers = [await service.client.post(f"/inbox/{i}/read", headers=stranger) for i in (newest["id"], uuid.uuid4())]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(404, "NoticeUnknown")] * 2
    assert (await service.rows())["read_mark"] == []
