"""The desk's doors to topics and trends. Nothing of them is public: what a topic is about comes from texts that are not."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.intake.models import Opinion
from services.intake.topics import actions, queries, rules
from services.intake.topics.models import Topic
from shared.clock import now
from shared.db import Tx
from shared.http import IfMatch, InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires
from shared.masking import mask

router = service_router(tags=["topics"])

Reader = Annotated[Caller, requires("opinion.read")]
Keeper = Annotated[Caller, requires("topic.keep")]
State = Literal["open", "closed", "dissolved", "merged"]
Name = Annotated[str, Field(min_length=1, max_length=60)]
_LISTED = 100


class TopicOut(BaseModel):
    """A topic, counted in the caller's region: `people` and `messages` of the last days, `before` the people of the weeks before them.

    `likes` are those of the last days, on the board; `heat` is (people + log2(1 + likes)) times the root of `growth`.

    `title` is the desk's name for it, or the title of its newest message there, masked.
    """

    id: uuid.UUID
    title: str
    named: bool
    state: State
    hot_since: datetime | None
    heat: float
    growth: float
    people: int
    messages: int
    before: int
    likes: int
    last_at: datetime
    version: int


class WeekOut(BaseModel):
    """Messages of a week, from Monday."""

    week: date
    messages: int


class PlaceOut(BaseModel):
    """Messages from a region. `name` is null for one that directory has not told of."""

    region: str
    name: str | None
    messages: int


class TopicDetail(TopicOut):
    """A topic with where and when it is spoken of; `words` are the strings that its messages have in common, masked."""

    words: list[str]
    all_messages: int
    first_at: datetime
    weeks: list[WeekOut]
    places: list[PlaceOut]


class TopicsOut(BaseModel):
    """The hottest topics of now, at most a hundred."""

    items: list[TopicOut]


class MessageOut(BaseModel):
    """An opinion of a topic."""

    id: uuid.UUID
    number: str
    region: str
    category: str | None
    title: str
    submitted_at: datetime


class TrendOut(BaseModel):
    """Opinions of a category in the last days, and per week in the weeks before; `growth` is their ratio by week, at least one before."""

    category: str | None
    label: str | None
    received: int
    before_per_week: float
    growth: float


class TrendsOut(BaseModel):
    """The trend of each category in the caller's region; the counts add up to all opinions received."""

    days: int
    weeks_before: int
    items: list[TrendOut]


class NameIn(RequestModel):
    """The desk's name for a topic."""

    name: Name


class SplitIn(NameIn):
    """Opinions that are a topic of their own."""

    opinions: list[uuid.UUID] = Field(min_length=1, max_length=500)


class KeptOut(BaseModel):
    """A topic as a person left it."""

    id: uuid.UUID
    name: str | None
    state: State
    size: int
    version: int


@router.get("/topics")
async def topics(tx: InTx, caller: Reader) -> TopicsOut:
    """What is spoken of now, the hottest first: topics with messages in the last days or the weeks before."""
    policy = tx.policy.topics.hot
    figures = await queries.figures(tx, policy, now(), caller.region)
    hottest = sorted(figures, key=lambda one: (-_heat(tx, figures[one])[0], one))[:_LISTED]
    found = {one.id: one for one in await queries.topics(tx, hottest)}
    return TopicsOut(items=[await _out(tx, found[one], figures[one], caller) for one in hottest])


@router.get("/topics/{topic_id}")
async def topic(topic_id: uuid.UUID, tx: InTx, caller: Reader) -> TopicDetail:
    """One topic: where, when, how many, and by which words."""
    found = await queries.topic(tx, topic_id, caller)
    seen = (await queries.figures(tx, tx.policy.topics.hot, now(), caller.region, state=found.state, topic=topic_id, whole=True))[topic_id]
    near = (await queries.figures(tx, tx.policy.topics.hot, now(), caller.region, state=found.state, topic=topic_id)).get(topic_id)
    shown = await _out(tx, found, near or queries.Figures(0, 0, 0, seen.sent, seen.first_at, seen.last_at), caller)
    return TopicDetail(
        **shown.model_dump(),
        words=queries.words_of(await queries.newest(tx, topic_id, caller), found.names),
        all_messages=seen.sent,
        first_at=seen.first_at,
        weeks=[WeekOut(week=week, messages=n) for week, n in await queries.weeks(tx, topic_id, caller)],
        places=[PlaceOut(region=code, name=name, messages=n) for code, name, n in await queries.places(tx, topic_id, caller)],
    )


@router.get("/topics/{topic_id}/opinions")
async def messages(topic_id: uuid.UUID, tx: InTx, paging: Paging, caller: Reader) -> Page[MessageOut]:
    """The opinions of a topic in the caller's region, newest first."""
    await queries.topic(tx, topic_id, caller)
    after = paging.after(datetime, uuid.UUID)
    found = await queries.page_of_messages(tx, topic_id, caller, (after[0], after[1]) if after else None, paging.limit)
    rows, cursor = page_of(found, paging.limit, key=lambda row: (row.submitted_at, row.id))
    return Page(items=[_message(row) for row in rows], next_cursor=cursor)


@router.put("/topics/{topic_id}/name")
async def rename(topic_id: uuid.UUID, body: NameIn, tx: InTx, version: IfMatch, caller: Keeper) -> KeptOut:
    """Gives a topic a name."""
    return _kept(await actions.rename(tx, topic_id, caller, version, name=body.name))


@router.post("/topics/{topic_id}/close")
async def close(topic_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Keeper) -> KeptOut:
    """Closes a topic; it takes no more opinions."""
    return _kept(await actions.close(tx, topic_id, caller, version))


@router.post("/topics/{topic_id}/split", status_code=201)
async def split_off(topic_id: uuid.UUID, body: SplitIn, tx: InTx, version: IfMatch, caller: Keeper) -> KeptOut:
    """Makes a topic of some opinions of another."""
    return _kept(await actions.split_off(tx, topic_id, caller, version, name=body.name, ids=body.opinions))


@router.get("/trends")
async def trends(tx: InTx, lang: Lang, caller: Reader) -> TrendsOut:
    """How many opinions of each category came in the last days, beside the weeks before."""
    policy = tx.policy.topics.hot
    labels = {one.code: one.label.of(lang) for one in tx.policy.categories}
    items = [
        TrendOut(
            category=category,
            label=labels.get(category or ""),
            received=received,
            before_per_week=round(before / policy.weeks_before, 2),
            growth=round(rules.growth(received, before, policy.days, policy.weeks_before), 2),
        )
        for category, received, before in await queries.trends(tx, policy, now(), caller)
    ]
    return TrendsOut(days=policy.days, weeks_before=policy.weeks_before, items=items)


def _heat(tx: Tx, seen: queries.Figures) -> tuple[float, float]:
    policy = tx.policy.topics.hot
    grown = rules.growth(seen.people, seen.people_before, policy.days, policy.weeks_before)
    return rules.heat(seen.people, grown, seen.likes), round(grown, 2)


async def _out(tx: Tx, found: Topic, seen: queries.Figures, caller: Caller) -> TopicOut:
    heat, grown = _heat(tx, seen)
    title = found.name or mask((await queries.newest(tx, found.id, caller, 1))[0].title)
    kept = found.model_dump(include={"id", "state", "hot_since", "version"})
    counts = {"people": seen.people, "messages": seen.messages, "before": seen.people_before, "likes": seen.likes}
    return TopicOut(**kept, **counts, title=title, named=found.name is not None, heat=heat, growth=grown, last_at=seen.last_at)


def _message(opinion: Opinion) -> MessageOut:
    kept = opinion.model_dump(include={"id", "number", "region", "category", "submitted_at"})
    return MessageOut(**kept, title=mask(opinion.title))


def _kept(topic: Topic) -> KeptOut:
    return KeptOut.model_validate(topic, from_attributes=True)
