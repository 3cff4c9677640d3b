"""The verbs on topics: placing each opinion once, by the clock; naming, closing and splitting, by people."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text
from sqlmodel import col

from services.intake.models import Opinion
from services.intake.topics import queries, rules
from services.intake.topics.errors import NotOfTopic
from services.intake.topics.models import Name, Reading, Topic
from services.intake.topics.placing import Placing
from services.intake.topics.settings import TopicPolicy
from services.intake.topics.settling import begins, settle
from services.intake.unread import take_turn, unread
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake_topics import TopicBecameHot
from shared.http import check_version
from shared.identity import Caller
from shared.masking import mask
from shared.outbox import emit

_AT_A_TIME, _LET_GO_AT_A_TIME = 12, 200


async def place_new(tx: Tx) -> int:
    """Places the opinions that came since, in the order in which they were sent. Returns how many."""
    if not await take_turn(tx, "topics"):
        return 0
    waiting = await unread(tx, Reading, _AT_A_TIME)
    for opinion in waiting:
        await _place(tx, opinion)
    return len(waiting)


async def _place(tx: Tx, opinion: Opinion) -> None:
    """Puts a message into the strongest topic that it names. A name that it makes frequent begins a topic."""
    policy: TopicPolicy = tx.policy.topics
    placing = Placing(tx, policy, opinion.submitted_at)
    grams, title = rules.grams_of(opinion.title, opinion.text), rules.strings(opinion.title)
    read = await placing.read(set(grams), {gram for string in title for gram in string} - {rules.MESSAGES})
    strongest = max(read.names.values(), default=(0.0, None))[1]
    await placing.store(opinion.id, strongest, opinion.region, grams)
    for gram in rules.names_in(policy, title, read.counts, read.names.keys()):
        if await begins(placing, gram, read.counts[gram].all):
            topic_id = new_id()
            await placing.born(topic_id, gram, now())
            await settle(placing, topic_id)
    often: dict[uuid.UUID, int] = {}
    for gram, (_, topic_id) in read.names.items():
        often[topic_id] = max(often.get(topic_id, 0), read.counts[gram].all)
    for topic_id in sorted(one for one, messages in often.items() if rules.settles(messages)):
        await settle(placing, topic_id)


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


_LET_GO = text(
    """
    UPDATE topic_reading SET grams = '{}' WHERE opinion_id IN (
        SELECT opinion_id FROM topic_reading WHERE at < :before AND grams <> '{}' ORDER BY at LIMIT :most
    ) RETURNING 1
    """
)


async def let_go(tx: Tx, moment: datetime) -> int:
    """Forgets the shingles of messages older than the window, which no topic asks for any more. Returns of how many."""
    if not await take_turn(tx, "topics"):
        return 0
    before = moment - timedelta(days=tx.policy.topics.window_days)
    return len((await tx.execute(_LET_GO, {"before": before, "most": _LET_GO_AT_A_TIME})).all())


_FORGET = text(
    """
    WITH forgotten AS (SELECT opinion_id, topic_id FROM topic_reading WHERE opinion_id = ANY(CAST(:ids AS uuid[])) FOR UPDATE),
    emptied AS (
        UPDATE topic_reading r SET grams = '{}', topic_id = NULL, pinned = false FROM forgotten f WHERE r.opinion_id = f.opinion_id
    )
    UPDATE topic t SET size = t.size - n FROM (SELECT topic_id, count(*) AS n FROM forgotten GROUP BY 1) f WHERE t.id = f.topic_id
    """
)


async def forget(tx: Tx, ids: Collection[uuid.UUID]) -> None:
    """Opinions whose personal data are erased leave their topics; what they were read as is forgotten, that they were read is not."""
    await queries.wait_for_reader(tx)
    await tx.execute(_FORGET, {"ids": list(ids)})


async def rename(tx: Tx, topic_id: uuid.UUID, caller: Caller, version: int, *, name: str) -> Topic:
    """Gives a topic a name of the desk's. Raises TopicUnknown, TopicIsOver, StaleVersion."""
    topic = await _held(tx, topic_id, caller, version)
    topic.name = mask(name)
    return topic


async def close(tx: Tx, topic_id: uuid.UUID, caller: Caller, version: int) -> Topic:
    """Closes a topic: it takes no more messages and is hot no longer. Raises TopicUnknown, TopicIsOver, StaleVersion."""
    topic = await _held(tx, topic_id, caller, version)
    topic.state, topic.hot_since, topic.names = "closed", None, []
    await tx.execute(delete(Name).where(col(Name.topic_id) == topic.id))
    return topic


async def split_off(tx: Tx, topic_id: uuid.UUID, caller: Caller, version: int, *, name: str, ids: Collection[uuid.UUID]) -> Topic:
    """Makes a topic of some messages of another; they stay there, and it takes no others.

    Raises NotOfTopic, TopicUnknown, TopicIsOver, StaleVersion.
    """
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
    return fresh


async def _held(tx: Tx, topic_id: uuid.UUID, caller: Caller, version: int) -> Topic:
    # The placing reader writes topics too: a person waits for its turn, so that neither overwrites the other.
    await queries.wait_for_reader(tx)
    topic = await queries.open_topic(tx, topic_id, caller)
    check_version(topic.version, version)
    topic.by_hand = True
    topic.version += 1
    return topic
