from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

from sqlalchemy import text

from shared.events.intake import OpinionRated
from tests import kit
from tests.intake import golden
from tests.intake.conftest import Send


async def test_the_sender_follows_the_opinion_through_all_that_happens(intake: kit.Running, send: Send) -> None:
    sent = await send()
    seen = [(await sent.track()).json()["status"]]
    for event in golden.case_events(sent.id):
        await intake.deliver(event)
        seen.append((await sent.track()).json()["status"])
    assert seen == [
        "accepted",
        "classified",
        "assigned",
        "reassigning",
        "assigned",
        "in_handling",
        "in_handling",
        "replied",
        "reopened",
        "reopened",
        "replied",
        "closed",
    ]


async def test_the_timeline_names_departments_and_shows_replies_in_both_languages(intake: kit.Running, send: Send) -> None:
    sent = await send()
    await intake.deliver(*golden.events(sent.id))
    answer = (await sent.track()).json()
    assert (answer["number"], answer["title"], answer["status"], answer["status_label"]) == (sent.number, "路灯不亮", "closed", "已办结")
    assert answer["round"] == 2
    assert answer["can_rate"] is False
    assert [step["code"] for step in answer["steps"] if step["current"]] == ["reported"]
    told = {(entry["kind"], entry["round"]): entry for entry in answer["timeline"]}
    reply = told["replied", 1]
    assert (reply["department"], reply["result_class"], reply["result_label"]) == ("区交通运输局", "B", "正在解决或已列入计划逐步解决")
    assert reply["text"] == golden.replied(sent.id).text
    assert (told["replied", 2]["label"], told["overdue", 1]["department"]) == ("已答复，请评价", "区交通运输局")
    assert told["rating_not_counted", 1]["reason"] == "stale_round"
    english = (await sent.track(**{"Accept-Language": "en"})).json()
    assert (english["status"], english["status_label"]) == ("closed", "Closed")


async def test_a_matter_that_was_split_is_followed_by_its_first_case_alone(intake: kit.Running, send: Send) -> None:
    sent = await send()
    first = golden.replied(sent.id)
    shown = ("status", "round", "can_rate", "timeline")
    await intake.deliver(golden.opened(sent.id), golden.assigned(sent.id), golden.accepted(sent.id))
    before = {name: (await sent.track()).json()[name] for name in shown}
    for n, whole in enumerate(golden.case_events(sent.id)):
        other = {"id": uuid.uuid5(first.case_id, str(n)), "case_id": uuid.uuid5(first.case_id, "part"), "part_of": first.case_id}
        await intake.deliver(whole.model_copy(update=other | {"number": f"{whole.number}-2", "case_version": whole.case_version + 50}))
    assert {name: (await sent.track()).json()[name] for name in shown} == before
    await intake.deliver(first.model_copy(update={"text": f"{first.text}\n\n【区水利局】排水已疏通"}))
    answer = (await sent.track()).json()
    assert (answer["status"], answer["can_rate"]) == ("replied", True)
    assert [entry["text"] for entry in answer["timeline"] if entry["kind"] == "replied"] == [f"{first.text}\n\n【区水利局】排水已疏通"]


async def test_the_sender_never_sees_why_a_department_objected(intake: kit.Running, send: Send) -> None:
    sent = await send()
    await intake.deliver(*golden.events(sent.id))
    answer = await sent.track()
    assert golden.objected(sent.id).reason not in answer.text
    entry = next(e for e in answer.json()["timeline"] if e["kind"] == "reassigning")
    assert (entry["department"], entry["text"], entry["reason"]) == (None, None, None)


async def test_an_unchanged_opinion_is_answered_with_304_and_a_changed_one_anew(intake: kit.Running, send: Send) -> None:
    sent = await send()
    first = await sent.track()
    tag = first.headers["ETag"]
    again = await sent.track(**{"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert "no-cache" in first.headers["Cache-Control"]
    await intake.deliver(golden.opened(sent.id))
    changed = await sent.track(**{"If-None-Match": tag})
    assert (changed.status_code, changed.headers["ETag"] != tag) == (200, True)


async def test_wrong_codes_and_unknown_numbers_answer_alike(intake: kit.Running, send: Send) -> None:
    sent, other = await send(), await send()
    answers = [
        await intake.client.get(f"/opinions/{number}", headers=headers)
        for number, headers in [
            (sent.number, {"X-Lookup-Code": other.lookup_code}),
            (sent.number, {"X-Lookup-Code": "0000-0000-0000"}),
            (sent.number, {}),
            ("320412-2026-00000000", {"X-Lookup-Code": sent.lookup_code}),
            ("x", {"X-Lookup-Code": sent.lookup_code}),
        ]
    ]
    assert {a.status_code for a in answers} == {404}
    documents = [{k: v for k, v in a.json().items() if k != "request_id"} for a in answers]
    assert all(d == documents[0] for d in documents)
    assert documents[0]["code"] == "OpinionNotFound"


async def test_number_and_code_are_read_as_a_person_types_them(intake: kit.Running, send: Send) -> None:
    sent = await send()
    typed = sent.lookup_code.lower().replace("-", " ")
    assert (await intake.client.get(f"/opinions/{sent.number.lower()}", headers={"X-Lookup-Code": typed})).status_code == 200


async def test_a_reply_is_rated_once_and_told_with_its_round(intake: kit.Running, send: Send) -> None:
    sent = await send()
    await intake.deliver(golden.opened(sent.id), golden.replied(sent.id))
    assert (await sent.track()).json()["can_rate"] is True
    answer = await sent.rate("basically_satisfied", "谢谢，电话13712345678")
    assert answer.status_code == 201
    assert (answer.json()["round"], answer.json()["level"]) == (1, "basically_satisfied")
    rated = [e for e in await intake.outbox() if isinstance(e, OpinionRated)]
    assert [(e.opinion_id, e.number, e.round, e.level) for e in rated] == [(sent.id, sent.number, 1, "basically_satisfied")]
    assert "13712345678" not in (rated[0].comment or "")
    tracked = (await sent.track()).json()
    assert tracked["can_rate"] is False
    assert [e["level"] for e in tracked["timeline"] if e["kind"] == "rated"] == ["basically_satisfied"]


async def test_rating_twice_is_refused_and_the_first_one_stays(intake: kit.Running, send: Send) -> None:
    sent = await send()
    await intake.deliver(golden.opened(sent.id), golden.replied(sent.id))
    await sent.rate("satisfied")
    before, told = await intake.rows(), await intake.outbox()
    answer = await sent.rate("dissatisfied")
    assert (answer.status_code, answer.json()["code"]) == (409, "AlreadyRated")
    assert (await intake.rows(), await intake.outbox()) == (before, told)


async def test_of_ratings_sent_at_once_one_counts(intake: kit.Running, send: Send) -> None:
    sent = await send()
    await intake.deliver(golden.opened(sent.id), golden.replied(sent.id))
    answers = await asyncio.gather(*(sent.rate(level) for level in ("satisfied", "dissatisfied") * 2))
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"AlreadyRated"}
    assert len((await intake.rows())["rating"]) == 1
    assert len([e for e in await intake.outbox() if isinstance(e, OpinionRated)]) == 1


async def test_a_rating_sent_again_under_its_key_gets_the_same_answer(intake: kit.Running, send: Send) -> None:
    sent = await send()
    await intake.deliver(golden.opened(sent.id), golden.replied(sent.id))
    first, second = [await sent.rate(**{"Idempotency-Key": "key-of-a-rating"}) for _ in range(2)]
    assert (second.status_code, second.json()) == (201, first.json())
    assert len([e for e in await intake.outbox() if isinstance(e, OpinionRated)]) == 1


async def test_without_a_reply_in_this_round_there_is_nothing_to_rate(intake: kit.Running, send: Send) -> None:
    for last in (0, 1, 2, 5, 8, 11):
        sent = await send()
        await intake.deliver(*golden.case_events(sent.id)[:last])
        before = await intake.rows()
        answer = await sent.rate()
        assert (answer.status_code, answer.json()["code"]) == (409, "NothingToRate"), last
        assert await intake.rows() == before
    assert not [e for e in await intake.outbox() if isinstance(e, OpinionRated)]


async def test_the_next_round_s_reply_is_rated_anew(intake: kit.Running, send: Send) -> None:
    sent = await send()
    events = golden.case_events(sent.id)
    await intake.deliver(*events[:7])
    assert (await sent.rate("dissatisfied")).status_code == 201
    await intake.deliver(*events[7:10])
    assert (await sent.rate("satisfied")).json()["round"] == 2
    assert [e.round for e in await intake.outbox() if isinstance(e, OpinionRated)] == [1, 2]


async def test_with_a_wrong_code_nobody_rates(intake: kit.Running, send: Send) -> None:
    sent = await send()
    await intake.deliver(golden.opened(sent.id), golden.replied(sent.id))
    answer = await sent.rate(code="0000-0000-0000")
    assert (answer.status_code, answer.json()["code"]) == (404, "OpinionNotFound")
    assert not (await intake.rows())["rating"]


async def test_a_rating_that_does_not_fit_is_refused(intake: kit.Running, send: Send) -> None:
    sent = await send()
    await intake.deliver(golden.replied(sent.id))
    for body in ({"level": "excellent"}, {}, {"level": "satisfied", "comment": "长" * 2001}, {"level": "satisfied", "round": 7}):
        answer = await intake.client.post(f"/opinions/{sent.number}/rating", json=body, headers={"X-Lookup-Code": sent.lookup_code})
        assert answer.status_code == 422, body
    assert not (await intake.rows())["rating"]


async def test_a_late_older_event_joins_the_timeline_and_leaves_the_status(intake: kit.Running, send: Send) -> None:
    sent = await send()
    await intake.deliver(golden.replied(sent.id))
    await intake.deliver(golden.assigned(sent.id))
    answer = (await sent.track()).json()
    assert answer["status"] == "replied"
    assert [e["kind"] for e in answer["timeline"] if e["kind"] != "accepted"] == ["assigned", "replied"]


async def test_of_events_of_one_case_version_the_later_gives_the_status(intake: kit.Running, send: Send) -> None:
    sent = await send()
    opened = golden.opened(sent.id)
    later = {"case_version": 1, "occurred_at": opened.occurred_at + timedelta(milliseconds=1)}
    assigned = golden.assigned(sent.id).model_copy(update=later)
    await intake.deliver(assigned)
    await intake.deliver(opened)
    assert (await sent.track()).json()["status"] == "assigned"


async def test_an_event_about_an_unknown_opinion_is_parked_and_writes_nothing(intake: kit.Running) -> None:
    for event in golden.case_events(uuid.uuid4()):
        await intake.deliver(event)
    assert not any((await intake.rows()).values())
    async with intake.tx() as tx:
        parked = (await tx.execute(text("SELECT count(*), count(DISTINCT waits_for) FROM kit_parked"))).one()
    assert tuple(parked) == (len(golden.case_events(golden.OPINION)), 1)
