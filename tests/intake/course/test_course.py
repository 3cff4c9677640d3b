"""An opinion on its way: added to and taken back before the answer; a deputy's own answer within 24 hours, never a unit's."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.intake.course import actions, rules
from services.intake.settings import Status
from shared.clock import now
from shared.events.intake_opinions import OpinionAnsweredByRep, OpinionSupplemented, OpinionWithdrawn, RepAnswerJudged, RepAnswerMissed
from tests import kit
from tests.intake import golden, people
from tests.intake.conftest import Place, code_text
from tests.intake.people import COUNTY, NEAR, STATION, TOWN, deputy, desk, refused, told


@dataclass
class Matter:
    """An opinion, its sender's doors, and the place."""

    place: Place
    number: str
    code: dict[str, str]
    id: uuid.UUID

    async def post(self, door: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """The sender does something."""
        return await self.place.post(f"/opinions/{self.number}/{door}", body, **self.code)

    async def answer(self, who: dict[str, str], text: str = "已请社区明日修好，电话13812345678。") -> httpx.Response:
        """A deputy answers."""
        return await self.place.post(f"/staff/opinions/{self.id}/rep-answer", {"text": text}, who)

    async def track(self, **query: str) -> dict[str, Any]:
        """What the sender sees."""
        answer = await self.place.get(f"/opinions/{self.number}", headers=self.code, **query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def case(self, *steps: str) -> None:
        """What routing tells."""
        for step in steps:
            await self.place.service.deliver(getattr(golden, step)(self.id))


async def sent(place: Place, kind: Any = "deputy", target: uuid.UUID = NEAR) -> Matter:
    """An opinion sent by a code."""
    code = code_text(kind, target=target, region=TOWN)
    receipt = (await place.post("/opinions", {"code": code, "title": "路灯不亮", "text": "路灯坏了"})).json()
    listed = (await place.get("/opinions", desk())).json()["items"]
    found = next(uuid.UUID(one["id"]) for one in listed if one["number"] == receipt["number"])
    return Matter(place, receipt["number"], {"X-Lookup-Code": receipt["lookup_code"]}, found)


@pytest_asyncio.fixture
async def matter(place: Place) -> Matter:
    """An opinion that came by a deputy's code."""
    return await sent(place)


async def test_the_sender_adds_to_an_opinion_and_those_who_handle_it_read_it(matter: Matter) -> None:
    added = await matter.post("supplements", {"text": "还有两盏也坏了，电话13812345678"})
    assert added.status_code == 201 and "13812345678" not in added.json()["text"]
    [event] = await told(matter.place.service, OpinionSupplemented)
    assert (event.opinion_id, "13812345678" in event.text) == (matter.id, False)
    shown = (await matter.place.get(f"/staff/opinions/{matter.id}", desk())).json()
    assert [one["text"][:6] for one in shown["supplements"]] == ["还有两盏也坏"]
    assert [(e["kind"], e["label"]) for e in (await matter.track())["timeline"]] == [("accepted", "已受理"), ("supplemented", "已补充")]


async def test_there_are_as_many_additions_as_the_profile_says(matter: Matter) -> None:
    for _ in range(5):
        assert (await matter.post("supplements", {"text": "再补充"})).status_code == 201
    assert refused(await matter.post("supplements", {"text": "再补充"}), 409, "TooManySupplements")


async def test_what_is_taken_back_is_over_and_no_later_event_of_the_case_moves_it(matter: Matter) -> None:
    await matter.case("opened", "assigned")
    answer = await matter.post("withdrawal")
    assert answer.json() == {"number": matter.number, "status": "withdrawn", "closing": "withdrawn"}
    [event] = await told(matter.place.service, OpinionWithdrawn)
    assert event.opinion_id == matter.id
    await matter.case("replied")
    tracked = await matter.track()
    assert (tracked["status"], tracked["closing"], tracked["can_rate"]) == ("withdrawn", "withdrawn", False)
    assert refused(await matter.post("withdrawal"), 409, "OpinionIsOver")
    assert refused(await matter.post("supplements", {"text": "补充"}), 409, "OpinionIsOver")


async def test_after_the_reply_nothing_is_added_or_taken_back(matter: Matter) -> None:
    await matter.case("opened", "assigned", "replied")
    assert refused(await matter.post("supplements", {"text": "补充"}), 409, "OpinionIsAnswered")
    assert refused(await matter.post("withdrawal"), 409, "OpinionIsAnswered")


async def test_nobody_does_so_without_the_lookup_code(matter: Matter) -> None:
    matter.code = {"X-Lookup-Code": "0000-0000-0000"}
    for door, body in (("supplements", {"text": "补充"}), ("withdrawal", None), ("rep-answer/judgement", {"accepted": True})):
        assert refused(await matter.post(door, body), 404, "OpinionNotFound")


async def test_a_deputy_answers_alone_and_the_sender_s_content_ends_the_matter_as_that_and_not_as_solved_by_a_unit(matter: Matter) -> None:
    await matter.case("opened", "assigned")
    assert (await matter.answer(deputy())).status_code == 201
    [event] = await told(matter.place.service, OpinionAnsweredByRep)
    assert (event.deputy_id, "13812345678" in event.text) == (NEAR, False)
    tracked = await matter.track()
    assert (tracked["status"], tracked["closing"], tracked["can_judge_rep_answer"]) == ("assigned", None, True)
    answer = await matter.post("rep-answer/judgement", {"accepted": True})
    assert answer.json() == {"number": matter.number, "status": "answered_by_rep", "closing": "answered_by_rep"}
    [judged] = await told(matter.place.service, RepAnswerJudged)
    assert (judged.accepted, judged.deputy_id) == (True, NEAR)
    await matter.case("replied", "closed")
    tracked = await matter.track()
    assert (tracked["status"], tracked["closing"]) == ("answered_by_rep", "answered_by_rep")


async def test_a_sender_who_is_not_content_gets_the_unit_s_reply_and_that_closes_it(matter: Matter) -> None:
    await matter.case("opened", "assigned")
    await matter.answer(deputy())
    assert (await matter.post("rep-answer/judgement", {"accepted": False})).json()["closing"] is None
    assert refused(await matter.post("rep-answer/judgement", {"accepted": True}), 409, "RepAnswerIsJudged")
    await matter.case("replied", "closed")
    assert (await matter.track())["closing"] == "resolved_by_unit"


async def test_after_24_hours_it_is_too_late_and_told_once(matter: Matter) -> None:
    service = matter.place.service
    matter.place.go_to(now() + timedelta(hours=23, minutes=59))
    async with service.tx() as tx:
        assert await actions.note_missed(tx) == 0
    matter.place.go_to(now() + timedelta(minutes=2))
    assert refused(await matter.answer(deputy()), 409, "RepAnswerTooLate")
    for expected in (1, 0):
        async with service.tx() as tx:
            assert await actions.note_missed(tx) == expected
    [event] = await told(service, RepAnswerMissed)
    assert (event.opinion_id, event.deputy_id) == (matter.id, NEAR)
    assert refused(await matter.answer(deputy()), 409, "RepAnswerTooLate")
    assert refused(await matter.post("rep-answer/judgement", {"accepted": True}), 409, "NoRepAnswer")


async def test_what_a_deputy_heard_in_a_contact_is_not_told_as_missed(place: Place) -> None:
    said = {"title": "路灯不亮", "text": "路灯坏了"}
    body = {"kind": "grid_round", "on": "2026-06-01", "channel": "onsite", "persons": 2, "region": TOWN, "matters": [said]}
    answer = await place.post("/contacts/own", body, deputy())
    assert answer.status_code == 201, answer.text
    place.go_to(now() + timedelta(hours=25))
    async with place.service.tx() as tx:
        assert await actions.note_missed(tx) == 0


async def test_only_the_deputy_to_whom_it_came_answers_and_only_once(matter: Matter) -> None:
    assert refused(await matter.answer(deputy(COUNTY)), 403, "NotYourOpinion")
    assert refused(await matter.answer(desk()), 403, "NotPermitted")
    assert refused(await matter.answer(kit.token("deputy", expires_in=people.YEARS)), 403, "NotADeputy")
    assert (await matter.answer(deputy())).status_code == 201
    assert refused(await matter.answer(deputy()), 409, "RepHasAnswered")


async def test_the_deputy_who_leads_a_station_answers_what_came_by_its_code(place: Place) -> None:
    matter = await sent(place, "station", STATION)
    assert refused(await matter.answer(deputy(COUNTY)), 403, "NotYourOpinion")
    assert (await matter.answer(deputy(NEAR))).status_code == 201


async def test_after_the_unit_s_reply_the_deputy_s_answer_is_neither_given_nor_judged(matter: Matter) -> None:
    await matter.answer(deputy())
    await matter.case("opened", "assigned", "replied")
    assert refused(await matter.post("rep-answer/judgement", {"accepted": True}), 409, "OpinionIsAnswered")
    assert not (await matter.track())["can_judge_rep_answer"]
    other = await sent(matter.place)
    await other.case("opened", "assigned", "replied")
    assert refused(await other.answer(deputy()), 409, "OpinionIsAnswered")


@pytest.mark.parametrize("status", Status.__args__)
def test_only_what_a_unit_closed_is_solved_by_a_unit(status: str) -> None:
    expected = {"closed": "resolved_by_unit", "answered_by_rep": "answered_by_rep", "withdrawn": "withdrawn"}
    assert rules.closing_of(status) == expected.get(status)


async def test_the_same_progress_is_told_in_six_steps_or_in_seven_links(matter: Matter) -> None:
    seven = {"labels": "seven_links"}
    at = []
    for step in (None, "opened", "assigned", "accepted", "replied", "closed"):
        if step:
            await matter.case(step)
        six, links = (await matter.track())["steps"], (await matter.track(**seven))["steps"]
        at.append(tuple(next(s["label"] for s in steps if s["current"]) for steps in (six, links)))
    assert [s["label"] for s in six] == ["受理", "分类", "交办", "督办", "反馈", "上报"]
    assert [s["label"] for s in links] == ["诉求", "受理", "承办", "办理", "督办", "反馈", "评议"]
    assert at == [("受理", "诉求"), ("分类", "受理"), ("交办", "承办"), ("督办", "办理"), ("反馈", "反馈"), ("上报", "评议")]
    unknown = await matter.place.get(f"/opinions/{matter.number}", headers=matter.code, labels="nine")
    assert refused(unknown, 422, "LabelSetUnknown") and unknown.json()["known"] == ["seven_links"]


@pytest.mark.parametrize(("kind", "target"), [("station", STATION), ("deputy", NEAR), ("project", uuid.UUID(int=7))])
async def test_every_kind_of_code_binds_the_opinion_to_what_it_stands_for(place: Place, kind: Any, target: uuid.UUID) -> None:
    matter = await sent(place, kind, target)
    [listed] = (await place.get("/opinions", desk())).json()["items"]
    assert (listed["channel"], listed["target_id"], listed["region"]) == (kind, str(target), TOWN)
    own = [one["number"] for one in (await place.get("/opinions", deputy(NEAR))).json()["items"]]
    assert own == ([] if kind == "project" else [matter.number])
