"""Reads of topics: what the desk sees of them, counted in the caller's region, and what the placing reader asks."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlmodel import col

from services.intake.models import Opinion
from services.intake.topics import rules
from services.intake.topics.errors import TopicIsOver, TopicUnknown
from services.intake.topics.models import Reading, Topic
from services.intake.topics.settings import HotPolicy
from shared.db import Tx
from shared.identity import Caller

_SHOWN_STRINGS, _READ_FOR_THEM = 8, 12
# Texts alike count as one person, under the id of the first: whoever sends one text ten times is not ten people.
_FIGURES = text(
    """
    SELECT r.topic_id, count(*) FILTER (WHERE r.at > :recent) AS messages, min(r.at) AS first_at, max(r.at) AS last_at, count(*) AS sent,
        count(DISTINCT coalesce(f.root_id, r.opinion_id)) FILTER (WHERE r.at > :recent) AS people,
        count(DISTINCT coalesce(f.root_id, r.opinion_id)) FILTER (WHERE r.at <= :recent) AS people_before,
        CAST(coalesce(sum((
            SELECT count(*) FROM opinion_like l WHERE l.opinion_id = r.opinion_id AND l.at > :recent AND l.at <= :at
        )), 0) AS int) AS likes
    FROM topic_reading r JOIN topic t ON t.id = r.topic_id AND t.state = ANY(:states) AND (t.size >= :least OR t.by_hand)
    LEFT JOIN fingerprint f ON f.opinion_id = r.opinion_id
    WHERE r.topic_id IS NOT NULL AND r.at > :since AND r.at <= :at AND starts_with(r.region, :region)
    AND (CAST(:topic AS uuid) IS NULL OR r.topic_id = CAST(:topic AS uuid)) GROUP BY r.topic_id
    """
)
_WEEKS = text(
    """
    SELECT (date_trunc('week', r.at AT TIME ZONE 'Asia/Shanghai'))::date AS week, count(*) AS messages
    FROM topic_reading r WHERE r.topic_id = :topic AND starts_with(r.region, :region) GROUP BY 1 ORDER BY 1 DESC LIMIT 26
    """
)
_PLACES = text(
    """
    SELECT r.region, g.name, count(*) AS messages FROM topic_reading r LEFT JOIN region g ON g.code = r.region
    WHERE r.topic_id = :topic AND starts_with(r.region, :region) GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 20
    """
)
_TRENDS = text(
    """
    SELECT category, count(*) FILTER (WHERE submitted_at > :recent) AS received, count(*) FILTER (WHERE submitted_at <= :recent) AS before
    FROM opinion WHERE submitted_at > :since AND submitted_at <= :at AND starts_with(region, :region)
    GROUP BY category ORDER BY 2 DESC, 1 NULLS LAST
    """
)


@dataclass(frozen=True, slots=True)
class Figures:
    """How many spoke of a topic: in the last days, and in the weeks before them; the likes of the last days."""

    messages: int
    people: int
    people_before: int
    sent: int
    first_at: datetime
    last_at: datetime
    likes: int = 0


async def figures(
    tx: Tx, policy: HotPolicy, at: datetime, region: str = "", *, state: str = "open", topic: uuid.UUID | None = None, whole: bool = False
) -> Mapping[uuid.UUID, Figures]:
    """The figures of the topics spoken of in the days and weeks that count, or with `whole` ever, within a region."""
    recent = at - timedelta(days=policy.days)
    since = datetime.min.replace(tzinfo=at.tzinfo, year=1970) if whole else recent - timedelta(weeks=policy.weeks_before)
    wanted: dict[str, Any] = {"recent": recent, "since": since, "at": at, "region": region, "states": [state], "topic": topic}
    wanted["least"] = 0 if topic else tx.policy.topics.least
    rows = (await tx.execute(_FIGURES, wanted)).mappings()
    return {row["topic_id"]: Figures(**{k: v for k, v in row.items() if k != "topic_id"}) for row in rows}


async def of_topic(tx: Tx, topic_id: uuid.UUID, caller: Caller, ids: Collection[uuid.UUID]) -> Sequence[Reading]:
    """Those of these opinions that are of the topic and in the caller's region."""
    wanted = select(Reading).where(col(Reading.topic_id) == topic_id, col(Reading.opinion_id).in_(ids), _in_region(caller))
    return (await tx.scalars(wanted)).all()


async def wait_for_reader(tx: Tx) -> None:
    """Keeps the placing reader out until this transaction ends, once it has finished its own."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('intake.topics'))"))


async def topic(tx: Tx, topic_id: uuid.UUID, caller: Caller) -> Topic:
    """One topic that has a message in the caller's region. Raises TopicUnknown."""
    spoken = select(col(Reading.opinion_id)).where(col(Reading.topic_id) == topic_id, _in_region(caller)).exists()
    found = await tx.scalar(select(Topic).where(col(Topic.id) == topic_id, spoken))
    if found is None:
        raise TopicUnknown()
    return found


async def open_topic(tx: Tx, topic_id: uuid.UUID, caller: Caller) -> Topic:
    """One open topic, locked. Raises TopicUnknown, TopicIsOver."""
    found = await tx.get(Topic, topic_id, with_for_update=True)
    if found is not None and found.state != "open":
        raise TopicIsOver(merged_into=found.merged_into and str(found.merged_into))
    return await topic(tx, topic_id, caller)


async def topics(tx: Tx, ids: Collection[uuid.UUID]) -> Sequence[Topic]:
    """These topics."""
    return (await tx.scalars(select(Topic).where(col(Topic.id).in_(ids)))).all()


async def newest(tx: Tx, topic_id: uuid.UUID, caller: Caller, limit: int = _READ_FOR_THEM) -> Sequence[Opinion]:
    """The newest opinions of a topic in the caller's region."""
    wanted = select(Opinion).join(Reading, col(Reading.opinion_id) == col(Opinion.id))
    wanted = wanted.where(col(Reading.topic_id) == topic_id, _in_region(caller))
    return (await tx.scalars(wanted.order_by(col(Reading.at).desc(), col(Reading.opinion_id)).limit(limit))).all()


async def page_of_messages(
    tx: Tx, topic_id: uuid.UUID, caller: Caller, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> Sequence[Opinion]:
    """The opinions of a topic in the caller's region, newest first."""
    order = (col(Opinion.submitted_at), col(Opinion.id))
    page = select(Opinion).join(Reading, col(Reading.opinion_id) == col(Opinion.id))
    page = page.where(col(Reading.topic_id) == topic_id, _in_region(caller)).order_by(*(one.desc() for one in order)).limit(limit + 1)
    if after is not None:
        page = page.where(func.row(*order) < func.row(*after))
    return (await tx.scalars(page)).all()


async def weeks(tx: Tx, topic_id: uuid.UUID, caller: Caller) -> Sequence[tuple[object, int]]:
    """Messages of a topic by week, from Monday in China, the newest first."""
    return [(week, n) for week, n in await tx.execute(_WEEKS, {"topic": topic_id, "region": caller.region})]


async def places(tx: Tx, topic_id: uuid.UUID, caller: Caller) -> Sequence[tuple[str, str | None, int]]:
    """Messages of a topic by the region they came from, the most first."""
    return [(code, name, n) for code, name, n in await tx.execute(_PLACES, {"topic": topic_id, "region": caller.region})]


async def trends(tx: Tx, policy: HotPolicy, at: datetime, caller: Caller) -> Sequence[tuple[str | None, int, int]]:
    """Opinions by category in the last days, and in the weeks before; None stands for those not classified."""
    recent = at - timedelta(days=policy.days)
    wanted = {"recent": recent, "since": recent - timedelta(weeks=policy.weeks_before), "at": at, "region": caller.region}
    return [(category, received, before) for category, received, before in await tx.execute(_TRENDS, wanted)]


def _in_region(caller: Caller) -> ColumnElement[bool]:
    return col(Reading.region).startswith(caller.region, autoescape=True)


def words_of(opinions: Sequence[Opinion], names: Collection[int]) -> list[str]:
    """The strings in these texts that the names stand for, the most frequent first; masked."""
    return rules.words_of([(one.title, one.text) for one in opinions], names)[:_SHOWN_STRINGS]
