"""Topics on real messages in order of time, as they are and with their names replaced: `make evaluate-topics` prints the figures."""

from __future__ import annotations

import statistics
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from services.intake.topics import actions
from services.intake.topics.models import Reading, Topic
from tests import kit
from tests.evaluate import material

pytestmark = pytest.mark.slow

NAMES = ("丽发新城", "伊景园", "58车贷")
INVENTED = {
    "as they are": NAMES,
    "invented": ("芸泽佳园", "槐荫榭", "77易融"),
    "of other lengths": ("望岳府", "鹭洲海棠里", "铜钱袋子"),
    "of two and of many": ("云杉九里花园", "玉兰", "聚宝盆理财"),
}


async def placed(service: kit.Running, messages: list[material.Message]) -> dict[int, uuid.UUID]:
    """The topic of each message, after all were placed by the clock's own verb."""
    await material.put(service, messages)
    began, done = time.perf_counter(), 1
    while done:
        async with service.tx() as tx:
            done = await actions.place_new(tx)
    print(f"ms_per_message={(time.perf_counter() - began) / len(messages) * 1000:.1f}")
    async with service.tx() as tx:
        found = dict((await tx.execute(select(col(Reading.opinion_id), col(Reading.topic_id)))).tuples().all())
        sizes = dict((await tx.execute(select(col(Topic.id), col(Topic.size)).where(col(Topic.state) == "open"))).tuples().all())
    assert len(found) == len(messages)
    counted = Counter(one for one in found.values() if one)
    assert counted == Counter({one: n for one, n in sizes.items() if n}), "a topic's size is not the number of its messages"
    print(f"topics={len(counted)} placed={sum(counted.values())} largest={[n for _, n in counted.most_common(8)]}")
    topics = {n: topic for n in range(len(messages)) if (topic := found[material.id_of(n)])}
    _write_largest(messages, topics, counted)
    return topics


def _write_largest(messages: list[material.Message], topics: dict[int, uuid.UUID], counted: Counter[uuid.UUID]) -> None:
    """The titles of the twenty largest topics, to be read; git ignores the file."""
    lines: list[str] = []
    for topic, size in counted.most_common(20):
        lines += [f"\n{size}", *(f"  {messages[n].at:%Y-%m-%d} {messages[n].title}" for n, one in topics.items() if one == topic)]
    (material.RESULTS / "largest_topics.txt").write_text("\n".join(lines), "utf-8")


@pytest.mark.parametrize("version", INVENTED)
async def test_messages_that_name_one_thing_end_in_one_topic_of_their_own(
    running: Callable[..., Awaitable[kit.Running]], version: str
) -> None:
    messages = material.with_likes()
    names = INVENTED[version]
    for real, invented in zip(NAMES, names, strict=True):
        messages = [replace(m, title=m.title.replace(real, invented), text=m.text.replace(real, invented)) for m in messages]
    topics = await placed(await running("intake"), messages)
    missed = []
    for name in names:
        naming = {n for n, m in enumerate(messages) if name in m.title or name in m.text}
        topic, together = Counter(topics[n] for n in naming if n in topics).most_common(1)[0]
        members = sum(one == topic for one in topics.values())
        print(f"{version}: {name} messages={len(naming)} in_one_topic={together / len(naming):.3f} purity={together / members:.3f}")
        if together < 0.8 * len(naming) or together < 0.8 * members:
            missed.append(name)
    assert not missed


async def let_go(service: kit.Running, moment: datetime) -> None:
    """As the clock would have: the shingles of what is older than the window are gone."""
    done = 1
    while done:
        async with service.tx() as tx:
            done = await actions.let_go(tx, moment)


HELD, LIMIT_MS = 200, 20.0
_COLUMNS = (
    "lookup_salt, lookup_hash, channel, code_id, target_id, region, title, text, category, confidence, category_source, "
    "profile_version, submitted_at, status, round, replied_round, status_version, status_at"
)
# Other messages of the same lengths at the same times: of three shingles two are made others, in each copy its own.
_MORE = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL maintenance_work_mem = '1GB'",
    "DROP INDEX topic_reading_grams",
    "CREATE TEMP TABLE copy ON COMMIT DROP AS SELECT gen_random_uuid() AS id, o.id AS source, k FROM opinion o, generate_series(1, 25) k",
    f"INSERT INTO opinion (id, number, {_COLUMNS}) SELECT c.id, c.id::text, {_COLUMNS} FROM copy c JOIN opinion o ON o.id = c.source",
    """
    INSERT INTO topic_reading (opinion_id, topic_id, pinned, region, at, grams)
    SELECT c.id, NULL, false, r.region, r.at,
        (SELECT coalesce(array_agg(CASE WHEN g = 0 OR g % 3 = 0 THEN g ELSE g # (c.k * 7919) END ORDER BY o), '{}')
         FROM unnest(r.grams) WITH ORDINALITY u (g, o))
    FROM copy c JOIN topic_reading r ON r.opinion_id = c.source
    """,
    """
    INSERT INTO topic_gram AS t (gram, before, last, now, period, titled)
    SELECT g, 0, 0, count(*), max(p.period), 0 FROM copy c JOIN topic_reading r ON r.opinion_id = c.id, unnest(r.grams) g,
        (SELECT max(period) AS period FROM topic_gram) p WHERE g <> 0 GROUP BY g
    ON CONFLICT (gram) DO UPDATE SET before = t.before + excluded.now
    """,
    "UPDATE topic_gram SET before = before + (SELECT count(*) FROM copy) WHERE gram = 0",
    """
    CREATE TEMP TABLE more ON COMMIT DROP AS SELECT gen_random_uuid() AS id, n.gram # (k * 7919) AS gram, n.topic_id
    FROM topic_name n, generate_series(1, 25) k WHERE n.gram % 3 <> 0
    """,
    """
    INSERT INTO topic (id, site, state, by_hand, size, names, strength, peak, peak_of, born_at, version)
    SELECT m.id, t.site, 'open', false, 0, ARRAY[m.gram], t.strength, t.peak, t.peak_of, t.born_at, 1
    FROM more m JOIN topic t ON t.id = m.topic_id
    """,
    "INSERT INTO topic_name (gram, topic_id) SELECT gram, id FROM more ON CONFLICT DO NOTHING",
    "CREATE INDEX topic_reading_grams ON topic_reading USING gin (grams) WITH (gin_pending_list_limit = 512)",
    "ANALYZE",
)


async def test_a_message_is_placed_in_twenty_milliseconds_with_a_hundred_thousand_stored(
    running: Callable[..., Awaitable[kit.Running]],
) -> None:
    messages = material.with_likes()
    service = await running("intake")
    await placed(service, messages[:-HELD])
    await let_go(service, messages[-1].at)
    async with service.tx() as tx:
        for statement in _MORE:
            await tx.execute(text(statement))
        stored = await tx.scalar(text("SELECT count(*) FROM topic_reading"))
    times = []
    for n, one in enumerate(messages[-HELD:]):
        await material.put(service, [one], first=200_000 + n)
        began = time.perf_counter()
        async with service.tx() as tx:
            assert await actions.place_new(tx) == 1
        times.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(times, n=100)
    print(f"stored={stored} mean_ms={statistics.mean(times):.1f} p50_ms={cuts[49]:.1f} p95_ms={cuts[94]:.1f} p99_ms={cuts[98]:.1f}")
    assert stored >= 100_000
    assert statistics.mean(times) <= LIMIT_MS
