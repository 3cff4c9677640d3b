"""The verbs on topics: placing each opinion once, by the clock; naming, closing and splitting, by people."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import col

from services.intake.models import Opinion
from services.intake.topics import queries, rules
from services.intake.topics.errors import NotOfTopic
from services.intake.topics.models import Reading, Topic
from services.intake.topics.placing import Around, Placing
from services.intake.unread import take_turn, unread
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake_topics import TopicBecameHot
from shared.http import check_version
from shared.identity import Caller
from shared.masking import mask
from shared.outbox import emit

_AT_A_TIME = 50
_DAY = 86_400


async def place_new(tx: Tx) -> int:
    """Places the opinions that came since, in the order in which they were sent. Returns how many."""
    if not await take_turn(tx, "topics"):
        return 0
    placing = Placing(tx, tx.policy.topics)
    waiting = await unread(tx, Reading, _AT_A_TIME)
    for opinion in waiting:
        await _place(placing, opinion)
    return len(waiting)


async def _place(placing: Placing, opinion: Opinion) -> None:
    tx, policy, at = placing.tx, placing.policy, opinion.submitted_at
    grams = rules.grams_of(opinion.title, opinion.text)
    counts = await placing.count(grams, int(at.timestamp()) // _DAY // (policy.window_days // 2))
    reading = Reading(opinion_id=opinion.id, region=opinion.region, at=at, grams=grams)
    tx.add(reading)
    await tx.flush()
    known = await placing.open_topics(grams)
    await placing.load(known)
    fits = [(rules.fit(policy, grams, placing.profiles[one]), one) for one in known]
    evidence, best = max(fits, default=(0.0, opinion.id))
    if evidence:
        await placing.put([opinion.id], best)
        await _grow(placing, await tx.get_one(Topic, best), 1, opinion)
        return
    await _form(placing, opinion, rules.candidates(policy, grams, counts))


async def _form(placing: Placing, opinion: Opinion, strings: list[list[int]]) -> None:
    """Forms a topic of messages that have several rare strings in common, if there are enough."""
    tx, policy = placing.tx, placing.policy
    if len(strings) < policy.strings:
        return
    wanted = {gram for string in strings for gram in string}
    around = await placing.around([string[0] for string in strings], _since(placing, opinion))
    await placing.load({one.topic_id for one in around if one.topic_id})
    near = [rules.Near(n, hash(tuple(one.grams)), _unexplained(placing, one, wanted)) for n, one in enumerate(around)]
    core = rules.core_of(policy, strings, near)
    if not core:
        return
    topic = Topic(id=new_id(), site=tx.site, names=[], born_at=now())
    tx.add(topic)
    await tx.flush()
    await _move(placing, [around[n] for n in sorted(core)], topic)
    await _grow(placing, topic, 0, opinion)


def _unexplained(placing: Placing, one: Around, wanted: set[int]) -> frozenset[int]:
    explained = placing.profiles[one.topic_id].keys.keys() if one.topic_id else ()
    return frozenset(gram for gram in wanted.intersection(one.grams) if gram not in explained)


def _since(placing: Placing, opinion: Opinion) -> datetime:
    return opinion.submitted_at - timedelta(days=placing.policy.window_days)


async def _grow(placing: Placing, topic: Topic, more: int, opinion: Opinion) -> None:
    """A topic has become larger: while it is small, often, it looks for messages that it missed and for itself under another id."""
    topic.size += more
    if more and not rules.settles(topic.size):
        return
    profile = await placing.look_again(topic)
    if await _adopt(placing, topic, profile, opinion):
        profile = await placing.look_again(topic)
    topic = await _unite(placing, topic)
    await _expel(placing, topic)


async def _adopt(placing: Placing, topic: Topic, profile: rules.Profile, opinion: Opinion) -> int:
    """Takes in messages of the window that fit, from another topic when they fit better. Returns how many."""
    strongest = sorted(profile.names or profile.keys, key=lambda gram: (-profile.keys.get(gram, (0.0, 0.0))[1], gram))
    if not strongest:
        return 0
    around = await placing.around(strongest, _since(placing, opinion), topic.id)
    await placing.load({one.topic_id for one in around if one.topic_id})
    better = [one for one in around if _fits_better(placing, one, profile)]
    await _move(placing, better, topic)
    return len(better)


def _fits_better(placing: Placing, one: Around, profile: rules.Profile) -> bool:
    evidence = rules.fit(placing.policy, one.grams, profile)
    present = rules.fit(placing.policy, one.grams, placing.profiles[one.topic_id]) if one.topic_id else 0.0
    return evidence > 0 and evidence > 1.2 * present


async def _move(placing: Placing, messages: Sequence[Around], topic: Topic) -> None:
    await placing.put([one.opinion_id for one in messages], topic.id)
    topic.size += len(messages)
    for left in sorted({one.topic_id for one in messages if one.topic_id}):
        other = await placing.tx.get_one(Topic, left)
        other.size -= sum(one.topic_id == left for one in messages)
        await _shrunk(placing, other)


async def _shrunk(placing: Placing, topic: Topic) -> None:
    """A topic that has lost messages finds its keys anew; with too few left it is none, unless a person has touched it."""
    await placing.tx.flush()
    if topic.size >= placing.policy.least or topic.by_hand:
        await placing.look_again(topic)
        return
    await placing.put(await queries.messages(placing.tx, topic.id), None)
    topic.state, topic.size, topic.names, topic.hot_since = "dissolved", 0, [], None
    topic.version += 1
    placing.profiles[topic.id] = rules.Profile()
    await placing.forget_keys(topic.id)


async def _unite(placing: Placing, topic: Topic) -> Topic:
    """Makes one of two topics that have a key in common which belongs to both; the larger stays. Returns the one that stays."""
    tx = placing.tx
    others = await placing.open_topics(list(placing.profiles[topic.id].keys))
    await placing.load(others)
    for other_id in others:
        other = await tx.get_one(Topic, other_id)
        if other_id == topic.id or other.state != "open":
            continue
        if not rules.is_one_topic(placing.policy, placing.profiles[topic.id], placing.profiles[other_id]):
            continue
        gone, stays = sorted((topic, other), key=lambda one: (one.by_hand, one.size, one.id))
        if gone.by_hand:
            continue
        await placing.put(await queries.messages(tx, gone.id), stays.id)
        stays.size, gone.size = stays.size + gone.size, 0
        gone.state, gone.merged_into, gone.hot_since, gone.names = "merged", stays.id, None, []
        gone.version, stays.version = gone.version + 1, stays.version + 1
        placing.profiles[gone.id] = rules.Profile()
        await placing.forget_keys(gone.id)
        await tx.flush()
        await placing.look_again(stays)
        topic = stays
    return topic


async def _expel(placing: Placing, topic: Topic) -> None:
    """Messages without any of the names that their topic has found leave it."""
    profile = placing.profiles[topic.id]
    if not profile.names:
        return
    rows = await queries.without_names(placing.tx, topic.id, profile.names)
    if rows:
        await placing.put(rows, None)
        topic.size -= len(rows)
        await _shrunk(placing, topic)


async def tell_hot(tx: Tx) -> int:
    """Marks the topics that have become hot, tells each once, and unmarks those that are so no longer. Returns how many are new."""
    if not await take_turn(tx, "hot_topics"):
        return 0
    policy = tx.policy.topics.hot
    figures = await queries.figures(tx, policy, now())
    known = select(Topic).where(col(Topic.state) == "open", col(Topic.hot_since).is_not(None) | col(Topic.id).in_(figures.keys()))
    new = 0
    for topic in (await tx.scalars(known.order_by(col(Topic.id)).with_for_update())).all():
        seen = figures.get(topic.id)
        if seen is None or not rules.is_hot(policy, seen.people, seen.people_before):
            topic.hot_since = None
        elif topic.hot_since is None:
            topic.hot_since = now()
            counts = {"people": seen.people, "messages": seen.messages, "before": seen.people_before}
            emit(tx, TopicBecameHot(topic_id=topic.id, days=policy.days, **counts))
            new += 1
    return new


async def rename(tx: Tx, topic_id: uuid.UUID, caller: Caller, version: int, *, name: str) -> Topic:
    """Gives a topic a name of the desk's. Raises TopicUnknown, TopicIsOver, StaleVersion."""
    topic = await _held(tx, topic_id, caller, version)
    topic.name = mask(name)
    return topic


async def close(tx: Tx, topic_id: uuid.UUID, caller: Caller, version: int) -> Topic:
    """Closes a topic: it takes no more messages and is hot no longer. Raises TopicUnknown, TopicIsOver, StaleVersion."""
    topic = await _held(tx, topic_id, caller, version)
    topic.state, topic.hot_since, topic.names = "closed", None, []
    await Placing(tx, tx.policy.topics).forget_keys(topic.id)
    return topic


async def split_off(tx: Tx, topic_id: uuid.UUID, caller: Caller, version: int, *, name: str, ids: Collection[uuid.UUID]) -> Topic:
    """Makes a topic of some messages of another; they stay there. Raises NotOfTopic, TopicUnknown, TopicIsOver, StaleVersion."""
    topic = await _held(tx, topic_id, caller, version)
    chosen = await queries.of_topic(tx, topic_id, caller, ids)
    if len(chosen) < len(set(ids)) or len(chosen) >= topic.size:
        raise NotOfTopic(where="opinions")
    fresh = Topic(id=new_id(), site=tx.site, name=mask(name), by_hand=True, names=[], born_at=now(), size=len(chosen))
    tx.add(fresh)
    await tx.flush()
    for reading in chosen:
        reading.topic_id, reading.pinned = fresh.id, True
    topic.size -= len(chosen)
    await tx.flush()
    placing = Placing(tx, tx.policy.topics)
    await placing.look_again(fresh)
    await placing.look_again(topic)
    return fresh


async def _held(tx: Tx, topic_id: uuid.UUID, caller: Caller, version: int) -> Topic:
    # The placing reader writes topics too: a person waits for its turn, so that neither overwrites the other.
    await queries.wait_for_reader(tx)
    topic = await queries.open_topic(tx, topic_id, caller)
    check_version(topic.version, version)
    topic.by_hand = True
    topic.version += 1
    return topic
