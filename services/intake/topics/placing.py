"""What placing messages reads and writes of the tables: counts, profiles and messages near to one."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text
from sqlmodel import col

from services.intake.topics import rules
from services.intake.topics.models import Key, Topic
from services.intake.topics.settings import TopicPolicy
from shared.db import Tx
from shared.tables import table_of

_NEAR, _SAMPLE, _ASKED = 300, 100, 40
# One row a shingle: `now` counts its newest period, and moves to `last` and on to `before` as periods pass.
_COUNT = text(
    """
    INSERT INTO topic_gram AS t (gram, before, last, now, period) SELECT g, 0, 0, 1, :period FROM unnest(CAST(:grams AS int[])) g ORDER BY g
    ON CONFLICT (gram) DO UPDATE SET
        before = t.before + CASE WHEN t.period > :period THEN 1 WHEN t.period = :period THEN 0
                                 WHEN t.period = :period - 1 THEN t.last ELSE t.last + t.now END,
        last = CASE WHEN t.period >= :period THEN t.last WHEN t.period = :period - 1 THEN t.now ELSE 0 END,
        now = CASE WHEN t.period > :period THEN t.now WHEN t.period = :period THEN t.now + 1 ELSE 1 END,
        period = greatest(t.period, :period)
    RETURNING gram, before, last, now, period
    """
)
_COUNTS = text("SELECT gram, before, last, now, period FROM topic_gram WHERE gram = ANY(CAST(:grams AS int[]))")
_HAVING = text(
    """
    WITH newest AS (SELECT grams FROM topic_reading WHERE topic_id = :topic ORDER BY at DESC LIMIT :sample)
    SELECT g, count(*) FROM newest, unnest(grams) g WHERE g <> 0 GROUP BY g
    HAVING count(*) >= greatest(3, :share * (SELECT count(*) FROM newest))
    """
)
_AROUND = text(
    """
    SELECT opinion_id, topic_id, grams FROM topic_reading
    WHERE grams && CAST(:grams AS int[]) AND at > :since AND NOT pinned
    AND (topic_id IS NULL OR topic_id IS DISTINCT FROM CAST(:but AS uuid))
    ORDER BY at DESC, opinion_id LIMIT :near
    """
)
_PUT = text("UPDATE topic_reading SET topic_id = :topic WHERE opinion_id = ANY(CAST(:ids AS uuid[]))")


@dataclass(frozen=True, slots=True)
class Around:
    """A message of the window, and the topic it is in."""

    opinion_id: uuid.UUID
    topic_id: uuid.UUID | None
    grams: Sequence[int]


@dataclass(slots=True)
class Placing:
    """One transaction's view of the topics: each profile is read once, and written when it changes."""

    tx: Tx
    policy: TopicPolicy
    profiles: dict[uuid.UUID, rules.Profile] = field(default_factory=dict)

    async def count(self, grams: Iterable[int], period: int) -> dict[int, rules.Count]:
        """Counts a message with these shingles, and says how often each has come."""
        return _counts(await self.tx.execute(_COUNT, {"grams": sorted({rules.MESSAGES, *grams}), "period": period}))

    async def open_topics(self, grams: Sequence[int]) -> list[uuid.UUID]:
        """The open topics that any of these shingles is a key of."""
        wanted = select(col(Key.topic_id)).where(col(Key.gram).in_(set(grams) - {rules.MESSAGES})).distinct()
        return sorted(await self.tx.scalars(wanted))

    async def load(self, topics: Collection[uuid.UUID]) -> None:
        """Reads the profiles of these topics."""
        missing = set(topics) - self.profiles.keys()
        if not missing:
            return
        for topic_id, names in await self.tx.execute(select(col(Topic.id), col(Topic.names)).where(col(Topic.id).in_(missing))):
            self.profiles[topic_id] = rules.Profile({}, frozenset(names))
        keys = select(col(Key.topic_id), col(Key.gram), col(Key.share), col(Key.belongs)).where(col(Key.topic_id).in_(missing))
        for topic_id, gram, share, belongs in await self.tx.execute(keys):
            self.profiles[topic_id].keys[gram] = (share, belongs)

    async def put(self, ids: Sequence[uuid.UUID], topic_id: uuid.UUID | None) -> None:
        """Puts messages into a topic, or into none."""
        if ids:
            await self.tx.execute(_PUT, {"topic": topic_id, "ids": list(ids)})

    async def around(self, grams: Sequence[int], since: datetime, but: uuid.UUID | None = None) -> list[Around]:
        """The newest messages since then that have any of these shingles, those of one topic left out."""
        wanted = {"grams": list(grams)[:_ASKED], "since": since, "but": but, "near": _NEAR}
        return [Around(i, t, g) for i, t, g in await self.tx.execute(_AROUND, wanted)]

    async def look_again(self, topic: Topic) -> rules.Profile:
        """Finds a topic's profile anew from its newest messages, and writes it."""
        found = await self.tx.execute(_HAVING, {"topic": topic.id, "sample": _SAMPLE, "share": self.policy.key_share})
        having: dict[int, int] = {row[0]: row[1] for row in found}
        counts = _counts(await self.tx.execute(_COUNTS, {"grams": [rules.MESSAGES, *having]}))
        sample = min(topic.size, _SAMPLE)
        messages = counts[rules.MESSAGES].all
        profile = rules.profile_of(self.policy, having, sample, topic.size, counts, messages)
        topic.names = sorted(profile.names)
        self.profiles[topic.id] = profile
        await self.forget_keys(topic.id)
        rows: list[dict[str, Any]] = [
            {"topic_id": topic.id, "gram": gram, "share": share, "belongs": belongs} for gram, (share, belongs) in profile.keys.items()
        ]
        if rows:
            await self.tx.execute(table_of(Key).insert(), rows)
        return profile

    async def forget_keys(self, topic_id: uuid.UUID) -> None:
        """A topic without keys takes no more messages."""
        await self.tx.execute(delete(Key).where(col(Key.topic_id) == topic_id))


def _counts(rows: Iterable[Any]) -> dict[int, rules.Count]:
    return {gram: rules.Count(before, last + recent) for gram, before, last, recent, _ in rows}
