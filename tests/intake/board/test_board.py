"""The public board: nothing without the sender's consent and the desk's words; one like, one vote; counts with their base."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.intake.board import rules
from shared.events.intake_opinions import FollowedOpinionMoved, OpinionPublished, OpinionUnpublished, ReplyAppraised, ReplyPublished
from tests import kit
from tests.intake import golden, people
from tests.intake.conftest import Place
from tests.intake.course.test_course import Matter, sent
from tests.intake.people import OTHER_TOWN, clerk, desk, refused, told

WORDS = {"title": "一处路灯不亮", "text": "某小区门口路灯不亮，联系人电话13812345678。"}


def device(number: int = 0) -> dict[str, str]:
    """A device without an account."""
    return {"X-Device": f"device-number-{number:06}"}


async def agree(matter: Matter, *, agreed: bool = True) -> httpx.Response:
    """The sender agrees, or no longer."""
    return await matter.place.service.client.put(f"/opinions/{matter.number}/publication", json={"agreed": agreed}, headers=matter.code)


async def decide(matter: Matter, what: str, version: int = 1, who: dict[str, str] | None = None) -> httpx.Response:
    """The desk decides."""
    body = WORDS if what == "publish" else None
    return await matter.place.post(f"/publications/{matter.id}/{what}", body, who or desk(), **{"If-Match": str(version)})


async def on_board(place: Place, **query: Any) -> list[dict[str, Any]]:
    """What anybody sees."""
    return list((await place.get("/board", **query)).json()["items"])


@pytest_asyncio.fixture
async def offered(place: Place) -> Matter:
    """An opinion whose sender agreed."""
    matter = await sent(place)
    assert (await agree(matter)).json() == {"state": "offered", "version": 1}
    return matter


@pytest_asyncio.fixture
async def published(offered: Matter) -> Matter:
    """An opinion on the board."""
    assert (await decide(offered, "publish")).json() == {"state": "published", "version": 2}
    return offered


async def send(place: Place, method: str, path: str, headers: dict[str, str], body: Any = None) -> httpx.Response:
    """Somebody of the public does something."""
    return await place.service.client.request(method, path, headers=headers, json=body)


async def test_what_is_published_is_the_desk_s_words_masked_with_place_status_and_likes_not_the_sender_s(published: Matter) -> None:
    [shown] = await on_board(published.place)
    assert set(shown) == {
        "opinion_id",
        "title",
        "text",
        "region",
        "region_name",
        "category",
        "category_label",
        "status",
        "status_label",
        "likes",
        "published_at",
    }
    assert (shown["title"], shown["region_name"], shown["status_label"], shown["likes"]) == ("一处路灯不亮", "湖塘镇", "已受理", 0)
    assert "13812345678" not in shown["text"] and published.number not in str(shown)
    [event] = await told(published.place.service, OpinionPublished)
    assert (event.opinion_id, event.region) == (published.id, people.TOWN)


async def test_consent_may_be_given_with_the_opinion(place: Place) -> None:
    code = people.station_code()
    await place.post("/opinions", {"code": code, "title": "路灯", "text": "电话13812345678", "publish": True})
    [waiting] = (await place.get("/publications", desk())).json()["items"]
    assert waiting["title"] == "路灯" and "13812345678" not in waiting["text"]


async def test_without_the_sender_s_consent_nothing_is_published(place: Place) -> None:
    matter = await sent(place)
    assert refused(await decide(matter, "publish"), 404, "NotOnTheBoard")
    assert await on_board(place) == [] and (await place.get("/publications", desk())).json()["items"] == []


async def test_consent_taken_back_takes_it_down_with_its_words_and_may_be_given_anew(published: Matter) -> None:
    assert (await agree(published, agreed=False)).json()["state"] == "taken_back"
    assert await on_board(published.place) == [] and "一处路灯不亮" not in str((await published.place.service.rows())["publication"])
    [event] = await told(published.place.service, OpinionUnpublished)
    assert event.by == "sender"
    assert refused(await decide(published, "publish", 3), 409, "PublicationNotAgreed")
    assert (await agree(published)).json() == {"state": "offered", "version": 4}


async def test_the_desk_declines_takes_down_and_decides_once(published: Matter) -> None:
    assert refused(await decide(published, "publish", 2), 409, "PublicationIsDecided")
    assert refused(await decide(published, "take-down", 1), 409, "StaleVersion")
    assert (await decide(published, "take-down", 2)).json() == {"state": "taken_down", "version": 3}
    assert (await agree(published)).json()["state"] == "taken_down"
    other = await sent(published.place)
    await agree(other)
    assert (await decide(other, "decline")).json()["state"] == "declined"
    assert await on_board(published.place) == []


async def test_only_the_desk_of_the_region_decides(offered: Matter) -> None:
    away = kit.token("desk", region=OTHER_TOWN, expires_in=people.YEARS)
    assert refused(await decide(offered, "publish", who=away), 403, "RegionOutOfReach")
    assert refused(await decide(offered, "publish", who=clerk()), 403, "NotPermitted")
    assert (await offered.place.get("/publications", away)).json()["items"] == []


async def test_the_board_is_paged_and_cut_by_place_and_category(place: Place) -> None:
    matters = []
    for _ in range(3):
        matters.append(await sent(place))
        await agree(matters[-1])
        await decide(matters[-1], "publish")
    first = (await place.get("/board", limit=2)).json()
    second = (await place.get("/board", limit=2, cursor=first["next_cursor"])).json()
    seen = [one["opinion_id"] for one in (*first["items"], *second["items"])]
    assert seen == [str(m.id) for m in reversed(matters)] and second["next_cursor"] is None
    assert len(await on_board(place, region=people.TOWN)) == 3 and await on_board(place, region=OTHER_TOWN) == []
    assert await on_board(place, category="nothing") == []


async def test_a_second_like_of_one_account_or_device_changes_nothing(published: Matter) -> None:
    place, door = published.place, f"/board/{published.id}/like"
    account = kit.token("leader", expires_in=people.YEARS)
    for headers, likes in ((device(), 1), (device(), 1), (device(1), 2), (account, 3), ({**account, **device(2)}, 3)):
        assert (await send(place, "PUT", door, headers)).json() == {"likes": likes}
    assert [(await send(place, "DELETE", door, device())).json()["likes"] for _ in range(2)] == [2, 2]
    assert (await on_board(place))[0]["likes"] == 2


async def test_likes_of_one_moment_are_all_counted(published: Matter) -> None:
    door = f"/board/{published.id}/like"
    await asyncio.gather(*(send(published.place, "PUT", door, device(n % 4)) for n in range(8)))
    assert (await on_board(published.place))[0]["likes"] == 4


async def test_a_like_tells_neither_device_nor_account_and_none_through_two_opinions() -> None:
    key, account, one, other = bytes(32), uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    kept = {rules.voter_of(key, who, name, about) for who, name in ((account, ""), (None, "d" * 20)) for about in (one, other)}
    assert len(kept) == 4 and all(account.bytes not in voter and b"dddd" not in voter for voter in kept)
    assert rules.voter_of(key, account, "ignored", one) in kept


@pytest.mark.parametrize("headers", [{}, {"X-Device": "short"}, {"X-Device": "with blanks in it, long enough"}])
async def test_nobody_votes_without_an_account_or_a_device(published: Matter, headers: dict[str, str]) -> None:
    for method, door in (("PUT", "like"), ("PUT", "follow")):
        assert refused(await send(published.place, method, f"/board/{published.id}/{door}", headers), 422, "VoterUnknown")


async def test_nobody_likes_follows_or_appraises_what_is_not_on_the_board(offered: Matter) -> None:
    for method, door, body in (("PUT", "like", None), ("PUT", "follow", None), ("POST", "replies/1/appraisals", {"level": "satisfied"})):
        assert refused(await send(offered.place, method, f"/board/{offered.id}/{door}", device(), body), 404, "NotOnTheBoard")
    assert refused(await offered.place.get(f"/board/{offered.id}"), 404, "NotOnTheBoard")


async def test_whoever_follows_sees_what_they_follow(published: Matter) -> None:
    place, door = published.place, f"/board/{published.id}/follow"
    for _ in range(2):
        assert (await send(place, "PUT", door, device())).status_code == 204

    async def followed(who: dict[str, str]) -> list[str]:
        answer = await place.service.client.get("/board", params={"followed": True}, headers=who)
        return [one["opinion_id"] for one in answer.json()["items"]]

    assert (await followed(device()), await followed(device(1))) == ([str(published.id)], [])
    await send(place, "DELETE", door, device())
    assert await followed(device()) == []


async def test_accounts_that_follow_are_told_of_reply_and_closing_and_devices_and_those_who_stopped_are_not(published: Matter) -> None:
    place, door = published.place, f"/board/{published.id}/follow"
    mine, other = uuid.uuid4(), uuid.uuid4()
    stays, leaves = (kit.token("deputy", account_id=one, expires_in=people.YEARS) for one in (mine, other))
    for who in (stays, leaves, device()):
        assert (await send(place, "PUT", door, who)).status_code == 204
    await send(place, "DELETE", door, leaves)
    await place.service.deliver(golden.opened(published.id), golden.assigned(published.id), golden.replied(published.id))
    await place.service.deliver(golden.replied(published.id), golden.closed(published.id))
    moved = await told(place.service, FollowedOpinionMoved)
    assert [(event.account_id, event.change) for event in moved] == [(mine, "replied"), (mine, "closed")]


async def test_nobody_is_told_of_what_was_taken_off_the_board(published: Matter) -> None:
    place = published.place
    await send(place, "PUT", f"/board/{published.id}/follow", kit.token("deputy", expires_in=people.YEARS))
    await agree(published, agreed=False)
    await place.service.deliver(golden.opened(published.id), golden.assigned(published.id), golden.replied(published.id))
    assert not await told(place.service, FollowedOpinionMoved)


async def test_the_public_appraises_a_published_reply_by_one_vote_each_and_counts_come_with_their_base(published: Matter) -> None:
    place, vote = published.place, f"/board/{published.id}/replies/1/appraisals"
    publish = f"/publications/{published.id}/replies/1"
    reply = {"text": "路灯已修好，联系电话13812345678。"}
    assert refused(await place.post(publish, reply, desk()), 409, "NoReplyToPublish")
    await published.case("opened", "assigned", "replied")
    assert refused(await send(place, "POST", vote, device(), {"level": "satisfied"}), 409, "ReplyNotPublished")
    shown = (await place.post(publish, reply, desk())).json()
    assert shown["base"] == 0 and "13812345678" not in shown["text"]
    assert refused(await place.post(publish, reply, desk()), 409, "ReplyIsPublished")
    for number, level in enumerate(["satisfied", "satisfied", "dissatisfied"]):
        assert (await send(place, "POST", vote, device(number), {"level": level})).status_code == 204
    assert refused(await send(place, "POST", vote, device(0), {"level": "dissatisfied"}), 409, "AlreadyAppraised")
    [told_of] = (await place.get(f"/board/{published.id}")).json()["replies"]
    assert told_of["votes"] == {"satisfied": 2, "basically_satisfied": 0, "dissatisfied": 1} and told_of["base"] == 3
    assert len(await told(place.service, ReplyPublished)) == 1 and len(await told(place.service, ReplyAppraised)) == 3


async def test_the_public_s_appraisal_moves_no_case_and_is_no_sender_s_rating(published: Matter) -> None:
    await published.case("opened", "assigned", "replied")
    await published.place.post(f"/publications/{published.id}/replies/1", {"text": "已修好"}, desk())
    await send(published.place, "POST", f"/board/{published.id}/replies/1/appraisals", device(), {"level": "dissatisfied"})
    tracked = await published.track()
    assert (tracked["status"], tracked["can_rate"]) == ("replied", True)
