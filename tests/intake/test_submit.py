from __future__ import annotations

import json
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import get_args

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.intake import numbers
from shared.events.directory import CodeKind, CodeRevoked, StationChanged
from shared.events.intake import OpinionClassified, OpinionSubmitted
from tests import kit
from tests.intake import golden
from tests.intake.conftest import Send, code_text, form, put_campaign


async def test_an_opinion_gets_a_number_and_a_lookup_code_and_is_told_with_its_category(intake: kit.Running) -> None:
    answer = await intake.client.post("/opinions", json=form())
    assert answer.status_code == 201
    receipt = answer.json()
    assert set(receipt) == {"number", "lookup_code", "status"}
    assert re.fullmatch(r"320412-20\d\d-[0-9A-Z]{8}", receipt["number"])
    assert len(receipt["lookup_code"].replace("-", "")) >= 10
    assert receipt["status"] == "accepted"
    submitted, classified = sorted(await intake.outbox(), key=lambda e: e.event_name(), reverse=True)
    assert isinstance(submitted, OpinionSubmitted)
    assert isinstance(classified, OpinionClassified)
    assert (submitted.number, submitted.channel, submitted.code_id, submitted.target_id, submitted.region) == (
        receipt["number"],
        "station",
        golden.CODE,
        golden.STATION,
        "320412001",
    )
    assert submitted.opinion_id == classified.opinion_id
    assert (classified.number, classified.category, classified.source) == (receipt["number"], "construction", "rule")
    assert (classified.title, classified.text) == (form()["title"], form()["text"])


async def test_a_code_of_each_kind_opens_the_door(intake: kit.Running, send: Send) -> None:
    kinds = get_args(CodeKind)
    await put_campaign(intake, golden.STATION)
    for kind in kinds:
        await send(code=code_text(kind))
    assert [e.channel for e in await intake.outbox() if isinstance(e, OpinionSubmitted)] == list(kinds)


async def test_an_opinion_is_told_with_the_sender_s_category_or_the_rules_or_none(intake: kit.Running, send: Send) -> None:
    await send(category="health")
    await send(category="unheard_of")
    await send(title="建议", text="希望越来越好")
    told = [(e.category, e.source) for e in await intake.outbox() if isinstance(e, OpinionClassified)]
    assert told == [("health", "sender"), ("construction", "rule"), (None, "none")]


async def test_one_connection_is_enough_for_a_request(running: Callable[..., Awaitable[kit.Running]]) -> None:
    # A request that asks for a second one while it holds the first stops everybody as soon as the pool is used up.
    intake = await running("intake", pool_size=1, pool_overflow=0, pool_wait=0.5)
    answer = await intake.client.post("/opinions", json=form(), headers={"Idempotency-Key": "a-key-of-the-sender"})
    assert answer.status_code == 201, answer.text


async def test_the_same_key_and_body_get_the_same_answer_and_one_opinion(intake: kit.Running) -> None:
    headers = {"Idempotency-Key": "a-key-of-the-sender"}
    first = await intake.client.post("/opinions", json=form(), headers=headers)
    before = await intake.rows()
    second = await intake.client.post("/opinions", json=form(), headers=headers)
    assert (second.status_code, second.json()) == (201, first.json())
    assert await intake.rows() == before
    assert len(before["opinion"]) == 1
    assert len(await intake.outbox()) == 2


async def test_the_same_key_with_another_body_is_refused_and_changes_nothing(intake: kit.Running) -> None:
    headers = {"Idempotency-Key": "a-key-of-the-sender"}
    await intake.client.post("/opinions", json=form(), headers=headers)
    before = await intake.rows()
    answer = await intake.client.post("/opinions", json=form(title="另一件事"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "KeyUsedForAnotherRequest")
    assert await intake.rows() == before
    assert len(await intake.outbox()) == 2


async def test_a_revoked_code_is_refused_and_others_of_the_same_station_are_not(intake: kit.Running, send: Send) -> None:
    await send()
    await intake.deliver(CodeRevoked(code_id=golden.CODE, reason="revoked"))
    before = await intake.rows()
    answer = await intake.client.post("/opinions", json=form())
    assert (answer.status_code, answer.json()["code"], answer.json()["where"]) == (410, "CodeRevoked", "code")
    assert await intake.rows() == before
    await send(code=code_text(code_id=uuid.uuid4()))


async def test_a_code_that_directory_did_not_sign_is_unknown(intake: kit.Running) -> None:
    forged = code_text(key=Ed25519PrivateKey.generate())
    for text in ("x", "x" * 138, "路灯", forged, code_text()[:-1], code_text() + "A"):
        answer = await intake.client.post("/opinions", json=form(code=text))
        assert (answer.status_code, answer.json()["code"]) == (404, "CodeNotGenuine"), text
    assert not any((await intake.rows()).values())


NOT_FITTING: list[dict[str, object]] = [
    {"title": "长" * 201},
    {"text": "长" * 20_001},
    {"title": "  "},
    {"text": ""},
    {"title": None},
    {"code": ""},
    {"contact": {}},
    {"contact": {"phone": "not a number"}},
    {"contact": {"name": "王" * 61}},
    {"contact": {"email": "a@b.c"}},
    {"more": 1},
    {"text": "a\x00b"},
]


async def test_what_does_not_fit_is_refused_and_not_repeated_in_the_answer(intake: kit.Running) -> None:
    for changes in NOT_FITTING:
        answer = await intake.client.post("/opinions", json=form(**changes))
        assert (answer.status_code, answer.json()["code"]) == (422, "InvalidRequest"), changes
        assert "not a number" not in answer.text
    assert not any((await intake.rows()).values())
    assert not await intake.outbox()


async def test_texts_of_the_greatest_size_are_taken(intake: kit.Running, send: Send) -> None:
    await send(title="长" * 200, text="长" * 20_000)


async def test_a_code_without_a_region_takes_it_from_the_station_it_names(intake: kit.Running, send: Send) -> None:
    await send(code=code_text(region="zone"))
    await intake.deliver(
        StationChanged(
            station_id=golden.STATION,
            name="高新区站",
            kind="station",
            region="wj-hi-tech",
            lead_deputy_id=None,
            status="open",
            version_no=1,
        )
    )
    await send(code=code_text(region="zone"))
    assert {e.region for e in await intake.outbox() if isinstance(e, OpinionSubmitted)} == {"320412", "wj-hi-tech"}


async def test_a_number_that_is_taken_is_drawn_again(intake: kit.Running, send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await send()
    drawn = iter([first.number, first.number, "320412-2026-00000000"])
    monkeypatch.setattr(numbers, "new_number", lambda site, at: next(drawn))
    second = await send()
    assert second.number == "320412-2026-00000000"
    assert len((await intake.rows())["opinion"]) == 2


async def test_neither_contact_nor_numbers_in_the_text_leave_the_service(
    intake: kit.Running, send: Send, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    name, phone, in_text, identity = "欧阳金丝雀", "+86 139 1234 5678", "13712345678", "320404199001011234"
    sent = await send(
        title=f"请致电{in_text}",
        text=f"我的电话是{in_text}，身份证{identity}，路灯坏了",
        contact={"name": name, "phone": phone},
    )
    await intake.deliver(golden.opened(sent.id), golden.replied(sent.id))
    assert (await sent.rate("dissatisfied", f"打 {in_text} 没人接")).status_code == 201
    told = json.dumps([e.data() for e in await intake.outbox()], ensure_ascii=False)
    tracked = (await sent.track()).text
    listed = (await intake.client.get("/opinions", headers=kit.token("desk"))).text
    printed = "".join(capsys.readouterr()) + caplog.text
    assert sent.number in told
    assert sent.number in listed
    for place, text in {"events": told, "tracking": tracked, "list": listed, "logs": printed}.items():
        for canary in (name, phone, "13912345678", in_text, identity, "12345678"):
            assert canary not in text, (place, canary)
        assert place == "events" or sent.lookup_code not in text
    assert sent.lookup_code not in told


async def test_contact_is_stored_sealed_under_its_own_key_and_the_text_as_sent(intake: kit.Running, send: Send) -> None:
    await send(text="我的电话是13712345678", contact={"name": "欧阳金丝雀", "phone": "13912345678"})
    await send(contact={"phone": "13912345678"})
    await send()
    rows = await intake.rows()
    assert len(rows["contact"]) == 2
    kept = "".join(rows["contact"])
    for plain in ("欧阳金丝雀", "13912345678", b"13912345678".hex(), "欧阳金丝雀".encode().hex()):
        assert plain not in kept
    assert any("我的电话是13712345678" in row for row in rows["opinion"])
    assert len({json.loads(row)["key_wrapped"] for row in rows["contact"]}) == 2


async def test_the_lookup_code_is_not_in_the_database(intake: kit.Running, send: Send) -> None:
    sent = await send()
    kept = json.dumps(await intake.rows())
    for form_of_it in (sent.lookup_code, sent.lookup_code.replace("-", "")):
        assert form_of_it not in kept
        assert form_of_it.encode().hex() not in kept
