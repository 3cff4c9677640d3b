from __future__ import annotations

import random
import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from services.intake.board.models import Like, Publication
from services.intake.duplicates.clock import flag_duplicates
from services.intake.shingles import number_of
from services.intake.topics import actions, rules
from services.intake.topics.clock import place_in_topics, tell_hot_topics
from services.intake.topics.models import Reading, Topic
from services.intake.topics.settings import HotPolicy
from shared.clock import now
from shared.events.intake_topics import TopicBecameHot
from tests import kit
from tests.evaluate import material
from tests.intake.conftest import Place
from tests.intake.people import OTHER_TOWN, TOWN, clerk, desk, refused, told, version

# Invented: a square whose fountain leaks, said by many in their own words, among other matters.
SAID = (
    ("麒麟广场的喷泉漏水", "麒麟广场北侧的音乐喷泉坏了，水漫到步行道上，老人走路打滑，请园林站派人来修。"),
    ("步行道积水", "家住槐安里，每天路过麒麟广场，音乐喷泉一直漏，步行道全是水，冬天要结冰的，盼园林站处理。"),
    ("喷泉该修了", "带孩子去麒麟广场玩，音乐喷泉漏得厉害，孩子在步行道滑倒，园林站的电话没有人接。"),
    ("反映麒麟广场问题", "音乐喷泉漏水三周，麒麟广场步行道长了青苔，找过园林站两次都说排期。"),
    ("麒麟广场步行道", "音乐喷泉漏水没人管，步行道已经塌了一块，麒麟广场归园林站管，请给答复。"),
    ("又是喷泉", "麒麟广场的步行道被音乐喷泉泡坏，园林站什么时候能修好，居民等答复。"),
)
_WHO = ("张家", "三楼", "社区", "学校", "巷口", "菜场", "车站", "厂区", "河边", "村里", "楼道", "桥头")
_WHAT = ("路灯不亮", "垃圾没有清", "公交太少", "狗叫得厉害", "缺停车位", "树挡住窗", "自来水发黄", "井盖松动", "网络很慢", "广告太吵")


def chatter(number: int, seed: int = 0) -> list[tuple[str, str]]:
    """Other matters in other words."""
    rng = random.Random(seed)
    noise = ["".join(chr(0x4E00 + rng.randrange(6000)) for _ in range(30)) for _ in range(number)]
    return [(f"{rng.choice(_WHO)}{rng.choice(_WHAT)}", f"{rng.choice(_WHO)}这边{rng.choice(_WHAT)}，{noise[n]}。") for n in range(number)]


async def sent(place: Place, said: list[tuple[str, str]], *, region: str = TOWN, first: int = 0, minutes: int = 60) -> list[uuid.UUID]:
    """Opinions sent at even distances up to now."""
    at = now() - timedelta(minutes=minutes)
    step = timedelta(minutes=minutes) / max(1, len(said))
    await material.put(place.service, [material.Message(t, b, at + step * n) for n, (t, b) in enumerate(said)], first=first, region=region)
    return [material.id_of(first + n) for n in range(len(said))]


async def placed(place: Place) -> dict[uuid.UUID, uuid.UUID | None]:
    """The topic of each opinion, after the clock has read all."""
    done = 1
    while done:
        async with place.service.tx() as tx:
            done = await place_in_topics(tx)
    async with place.service.tx() as tx:
        return dict((await tx.execute(select(col(Reading.opinion_id), col(Reading.topic_id)))).tuples().all())


async def grown(place: Place) -> tuple[list[uuid.UUID], uuid.UUID]:
    """The opinions on the square, in one topic, among 120 others of a quarter of a year."""
    await sent(place, chatter(120), first=1000, minutes=60 * 24 * 90)
    ids = await sent(place, list(SAID))
    topics = await placed(place)
    topic = topics[ids[-1]]
    assert topic is not None
    assert {topics[one] for one in ids} == {topic}
    assert sum(one == topic for one in topics.values()) == len(ids)
    return ids, topic


async def test_what_several_say_in_their_own_words_ends_in_one_topic_and_nothing_else_does(place: Place) -> None:
    await grown(place)


async def test_each_opinion_is_read_once_whatever_the_order_of_arrival(place: Place) -> None:
    said = [*chatter(60), *SAID]
    random.Random(3).shuffle(said)
    await sent(place, said)
    topics = await placed(place)
    assert len(topics) == len(said)
    async with place.service.tx() as tx:
        assert await actions.place_new(tx) == 0
        for topic_id in {one for one in topics.values() if one}:
            assert (await tx.get_one(Topic, topic_id)).size == sum(one == topic_id for one in topics.values())


async def test_an_opinion_committed_after_a_later_one_was_read_is_read_too(place: Place) -> None:
    await sent(place, chatter(3))
    await placed(place)
    at = now() - timedelta(minutes=5)
    await material.put(place.service, [material.Message("迟到", "迟到的意见", at)], first=50, region=TOWN)
    assert material.id_of(50) in await placed(place)


async def test_the_desk_sees_a_topic_with_places_weeks_and_masked_words_in_its_own_region_only(place: Place) -> None:
    ids, topic = await grown(place)
    listed = (await place.get("/topics", desk())).json()["items"]
    assert listed[0]["id"] == str(topic)
    assert all(one["heat"] < listed[0]["heat"] for one in listed[1:])
    assert (listed[0]["people"], listed[0]["messages"], listed[0]["named"]) == (6, 6, False)
    detail = (await place.get(f"/topics/{topic}", desk())).json()
    assert (detail["all_messages"], [p["name"] for p in detail["places"]]) == (6, ["湖塘镇"])
    assert sum(week["messages"] for week in detail["weeks"]) == 6
    assert "麒麟广场" in "".join(detail["words"])
    page = (await place.get(f"/topics/{topic}/opinions", desk(), limit=4)).json()
    rest = (await place.get(f"/topics/{topic}/opinions", desk(), limit=4, cursor=page["next_cursor"])).json()
    assert {one["id"] for one in [*page["items"], *rest["items"]]} == {str(one) for one in ids}
    elsewhere = desk_of(OTHER_TOWN)
    assert (await place.get("/topics", elsewhere)).json()["items"] == []
    refused(await place.get(f"/topics/{topic}", elsewhere), 404, "TopicUnknown")
    assert (await place.get("/topics")).status_code == 401
    assert (await place.get("/topics", clerk())).status_code == 403


def desk_of(region: str) -> dict[str, str]:
    """A desk of a town."""
    return kit.token("desk", region=region, expires_in=3 * 365 * 86_400.0)


async def test_a_topic_becomes_hot_once_and_the_event_holds_counts_only(place: Place) -> None:
    _, topic = await grown(place)
    for _ in range(2):
        async with place.service.tx() as tx:
            await tell_hot_topics(tx)
    events = await told(place.service, TopicBecameHot)
    assert [(e.topic_id, e.people, e.messages, e.before) for e in events] == [(topic, 6, 6, 0)]
    assert (await place.get(f"/topics/{topic}", desk())).json()["hot_since"] is not None
    place.go_to(now() + timedelta(days=20))
    async with place.service.tx() as tx:
        await tell_hot_topics(tx)
    assert (await place.get(f"/topics/{topic}", desk())).json()["hot_since"] is None


async def test_the_desk_names_splits_and_closes_a_topic_and_a_stale_version_is_refused(place: Place) -> None:
    ids, topic = await grown(place)
    body = (await place.get(f"/topics/{topic}", desk())).json()
    path = f"/topics/{topic}"
    named = await place.service.client.put(f"{path}/name", json={"name": "广场喷泉"}, headers={**desk(), **version(body)})
    assert (named.json()["name"], named.json()["version"]) == ("广场喷泉", body["version"] + 1)
    split: dict[str, Any] = {"name": "塌陷", "opinions": [str(ids[4])]}
    refused(await place.post(f"{path}/split", split, desk(), **version(body)), 409, "StaleVersion")
    fresh = await place.post(f"{path}/split", split, desk(), **version(named.json()))
    assert (fresh.status_code, fresh.json()["size"]) == (201, 1)
    now_at = (await place.get(path, desk())).json()
    assert (now_at["title"], now_at["all_messages"]) == ("广场喷泉", 5)
    foreign = {"name": "别的", "opinions": [str(ids[4])]}
    refused(await place.post(f"{path}/split", foreign, desk(), **version(now_at)), 422, "NotOfTopic")
    closed = await place.post(f"{path}/close", None, desk(), **version(now_at))
    assert closed.json()["state"] == "closed"
    refused(await place.post(f"{path}/close", None, desk(), **version(closed.json())), 409, "TopicIsOver")
    later = await sent(place, [("麒麟广场", "麒麟广场音乐喷泉又漏水，步行道积水，园林站快来。")], first=70, minutes=1)
    assert (await placed(place))[later[0]] != topic


async def test_an_opinion_whose_data_are_erased_leaves_its_topic_and_its_flags_and_is_not_read_again(place: Place) -> None:
    ids, topic = await grown(place)
    await sent(place, [SAID[0]], first=80, minutes=1)
    await placed(place)
    async with place.service.tx() as tx:
        await flag_duplicates(tx)
    assert (await place.get(f"/topics/{topic}", desk())).json()["all_messages"] == 7
    for one in (ids[0], ids[1]):
        answer = await place.post(f"/personal/opinion/{one}/erase", {"ground": "asked"}, desk())
        assert answer.status_code == 200, answer.text
    assert (await place.get(f"/topics/{topic}", desk())).json()["all_messages"] == 5
    page = (await place.get(f"/topics/{topic}/opinions", desk())).json()["items"]
    assert str(ids[0]) not in {one["id"] for one in page} and len(page) == 5
    async with place.service.tx() as tx:
        assert await actions.place_new(tx) == 0
        assert (await tx.get_one(Topic, topic)).size == 5
        assert (await tx.get_one(Reading, ids[0])).grams == []


async def test_old_shingles_are_let_go_and_the_topic_keeps_its_messages_and_takes_new_ones(place: Place) -> None:
    ids, topic = await grown(place)
    async with place.service.tx() as tx:
        assert await actions.let_go(tx, now()) == 0
        assert await actions.let_go(tx, now() + timedelta(days=119)) > 0
    async with place.service.tx() as tx:
        while await actions.let_go(tx, now() + timedelta(days=121)):
            pass
    later = await sent(place, [("麒麟广场", "麒麟广场那里还是老样子。")], first=90, minutes=1)
    topics = await placed(place)
    assert {topics[one] for one in (*ids, *later)} == {topic}


async def test_likes_of_the_last_days_heat_a_topic_and_each_further_one_by_less(place: Place) -> None:
    ids, topic = await grown(place)
    cold = (await place.get(f"/topics/{topic}", desk())).json()
    at = now()
    async with place.service.tx() as tx:
        tx.add(Publication(opinion_id=ids[0], state="published", region=TOWN, agreed_at=at))
        await tx.flush()
        tx.add_all([Like(opinion_id=ids[0], voter=bytes([n]), at=at) for n in range(7)])
        tx.add(Like(opinion_id=ids[0], voter=b"long ago", at=at - timedelta(days=30)))
    warm = (await place.get(f"/topics/{topic}", desk())).json()
    assert (cold["likes"], warm["likes"]) == (0, 7)
    assert warm["heat"] == round(cold["heat"] * (6 + 3) / 6, 2)


@pytest.mark.parametrize("name", ["鹭洲府", "槐荫九里", "望岳台花园东区", "千帆万象滨江云邸"])
async def test_a_name_of_any_length_from_three_characters_makes_a_topic(place: Place, name: str) -> None:
    await sent(place, chatter(120), first=1000, minutes=60 * 24 * 90)
    said = [
        (f"投诉{name}停水", f"{name}从昨夜起没有水，物业不接电话。"),
        (f"请管管{name}的水压", "六楼以上没有水，请自来水公司检修加压泵。"),
        ("没有水喝", f"家住{name}，加压泵坏了，老人提桶上楼，请自来水公司派人。"),
        (f"关于{name}供水", "加压泵三天没修好，物业说等配件。"),
        (f"{name}又停水了", "请自来水公司说个日子，加压泵到底何时换。"),
        (f"反映{name}加压泵", "夜里漏水，白天没有水，居民等答复。"),
    ]
    ids = await sent(place, said)
    topics = await placed(place)
    naming = [topics[one] for one in ids]
    topic, together = Counter(naming).most_common(1)[0]
    assert topic is not None
    assert together >= 5
    assert sum(one == topic for one in topics.values()) == together
    detail = (await place.get(f"/topics/{topic}", desk())).json()
    assert any(name in word or word in name for word in detail["words"])


def test_a_word_is_widened_to_what_most_texts_around_it_have() -> None:
    texts = [("鹭洲海棠里漏水", ""), ("我住鹭洲海棠里", ""), ("鹭洲海棠里的树", "")]
    assert rules.words_of(texts, {number_of("洲海棠")}) == ["鹭洲海棠里"]


async def test_the_trend_of_each_category_has_the_weeks_before_as_its_base(place: Place) -> None:
    await sent(place, chatter(4), minutes=60)
    await sent(place, chatter(8, seed=1), first=500, minutes=60 * 24 * 30)
    trends = (await place.get("/trends", desk())).json()
    assert (trends["days"], trends["weeks_before"]) == (7, 4)
    received = sum(one["received"] for one in trends["items"])
    before = sum(one["before_per_week"] for one in trends["items"]) * 4
    assert received + before == 12


def test_growth_needs_a_base_and_heat_does_not_follow_size_alone() -> None:
    hot = HotPolicy(days=7, weeks_before=4, people=5, growth=2)
    assert rules.is_hot(hot, 5, 0)
    assert not rules.is_hot(hot, 4, 0)
    assert not rules.is_hot(hot, 10, 24)
    assert rules.is_hot(hot, 12, 24)
    assert rules.heat(10, rules.growth(10, 0, 7, 4)) > rules.heat(20, rules.growth(20, 80, 7, 4))


def test_numbers_of_people_are_masked_before_anything_is_made_of_a_text() -> None:
    assert rules.grams_of("电话", "请打13812345678找我") == rules.grams_of("电话", "请打13899995678找我")
