"""What placing messages reads and writes of the tables: counts, names, and messages that have a name. Every statement is bounded."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.intake.topics import rules
from services.intake.topics.settings import TopicPolicy
from shared.db import Tx

_SAMPLE, _PULLED = 40, 300
_BESIDE_FROM = 0.2

# One row a shingle: `now` counts its newest period, and moves to `last` and on to `before` as periods pass.
_READ = """
    WITH told AS (
        INSERT INTO topic_gram AS t (gram, before, last, now, period, titled)
        SELECT g, 0, 0, 1, $2, (g = ANY($3::int[]))::int FROM unnest($1::int[]) g ORDER BY g
        ON CONFLICT (gram) DO UPDATE SET
            before = t.before + CASE WHEN t.period > $2 THEN 1 WHEN t.period = $2 THEN 0 WHEN t.period = $2 - 1 THEN t.last
                                     ELSE t.last + t.now END,
            last = CASE WHEN t.period >= $2 THEN t.last WHEN t.period = $2 - 1 THEN t.now ELSE 0 END,
            now = CASE WHEN t.period > $2 THEN t.now WHEN t.period = $2 THEN t.now + 1 ELSE 1 END,
            period = greatest(t.period, $2),
            titled = t.titled + excluded.titled
        RETURNING gram, before, last + now AS recent, titled
    )
    SELECT gram, before, recent, titled, n.topic_id, t.strength
    FROM told LEFT JOIN topic_name n USING (gram) LEFT JOIN topic t ON t.id = n.topic_id
    WHERE gram = 0 OR n.gram IS NOT NULL OR (recent >= $4 AND titled > 0 AND gram = ANY($3::int[]))
"""
_STORE = "INSERT INTO topic_reading (opinion_id, topic_id, pinned, region, at, grams) VALUES ($1, $2, false, $3, $4, $5::int[])"
# The list of readings that have a name is made before it is sorted, so that it comes from the index of shingles whatever it costs.
_BESIDE = """
    WITH having_it AS MATERIALIZED (SELECT opinion_id, at FROM topic_reading WHERE grams @> ARRAY[$1::int]),
    newest AS MATERIALIZED (
        SELECT r.grams, array_position(r.grams, $1::int) AS place
        FROM (SELECT opinion_id FROM having_it ORDER BY at DESC, opinion_id LIMIT $2) h JOIN topic_reading r USING (opinion_id)
    ),
    often AS (
        SELECT g, count(*) AS within, count(*) FILTER (WHERE abs(o - place) > 5) AS apart
        FROM newest, unnest(grams) WITH ORDINALITY u (g, o) WHERE g <> 0 GROUP BY g
        HAVING count(*) >= greatest(2, $3::float * (SELECT count(*) FROM newest))
    )
    SELECT g, within, apart, c.before + c.last + c.now AS all, n.topic_id, t.strength, t.by_hand, (SELECT count(*) FROM newest) AS sample
    FROM often JOIN topic_gram c ON c.gram = g LEFT JOIN topic_name n ON n.gram = g LEFT JOIN topic t ON t.id = n.topic_id
"""
_COUNT = """
    SELECT gram, titled, before + last + now AS all,
        CASE WHEN period >= $2 THEN last + now WHEN period = $2 - 1 THEN now ELSE 0 END AS recent
    FROM topic_gram WHERE gram = ANY($1::int[])
"""
_PULL = """
    WITH having_it AS MATERIALIZED (
        SELECT opinion_id, topic_id, at FROM topic_reading
        WHERE grams && $1::int[] AND at > $2 AND NOT pinned AND topic_id IS DISTINCT FROM $3
    ),
    weaker AS (
        SELECT h.opinion_id, h.topic_id AS left_id FROM having_it h LEFT JOIN topic o ON o.id = h.topic_id
        WHERE o.id IS NULL OR (o.state = 'open' AND o.strength < $4) ORDER BY h.at DESC, h.opinion_id LIMIT $5
    )
    UPDATE topic_reading r SET topic_id = $3 FROM weaker w WHERE r.opinion_id = w.opinion_id RETURNING w.left_id
"""
_PLACE_AGAIN = """
    UPDATE topic_reading r SET topic_id = (
        SELECT n.topic_id FROM topic_name n JOIN topic t ON t.id = n.topic_id
        WHERE n.gram = ANY(r.grams) ORDER BY t.strength DESC, t.id LIMIT 1
    )
    WHERE r.topic_id = $1 AND NOT r.pinned AND NOT r.grams && $2::int[] AND (r.grams <> '{}' OR $2::int[] = '{}') RETURNING r.topic_id
"""
_RESIZE = "UPDATE topic t SET size = t.size + n FROM unnest($1::uuid[], $2::int[]) AS moved (id, n) WHERE t.id = moved.id"
_TOPIC = "SELECT id, names, strength, peak, peak_of, by_hand FROM topic WHERE id = $1 AND state = 'open'"
_BORN = "INSERT INTO topic (id, site, state, by_hand, size, names, strength, peak, peak_of, born_at, version) "
_UNITE = """
    WITH moved AS (UPDATE topic_reading SET topic_id = $1 WHERE topic_id = $2 RETURNING 1),
    named AS (UPDATE topic_name SET topic_id = $1 WHERE topic_id = $2),
    gone AS (
        UPDATE topic SET state = 'merged', merged_into = $1, size = 0, names = '{}', hot_since = NULL, version = version + 1 WHERE id = $2
    )
    UPDATE topic SET size = size + (SELECT count(*) FROM moved), names = names || $3::int[], version = version + 1 WHERE id = $1
"""


@dataclass(frozen=True, slots=True)
class Held:
    """An open topic as placing sees it."""

    id: uuid.UUID
    names: list[int]
    strength: float
    peak: int
    peak_of: int
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Known:
    """A name of a topic beside another name."""

    beside: rules.Beside
    topic_id: uuid.UUID
    strength: float
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Read:
    """What is known of a message's shingles: counts of the total, of names and of what might be one; the topic and its strength by name."""

    counts: Mapping[int, rules.Count]
    names: Mapping[int, tuple[float, uuid.UUID]]


@dataclass(frozen=True, slots=True)
class Placing:
    """One message's turn: its transaction, the place's policy, its moment."""

    tx: Tx
    policy: TopicPolicy
    at: datetime

    @property
    def since(self) -> datetime:
        """Where the window begins."""
        return self.at - timedelta(days=self.policy.window_days)

    @property
    def period(self) -> int:
        """The number of the half window that the message lies in."""
        return int(self.at.timestamp()) // 86_400 // (self.policy.window_days // 2)

    async def read(self, grams: Collection[int], titled: Collection[int]) -> Read:
        """Counts a message with these shingles, some of them in its title, and says what is known of them."""
        asked = (list({rules.MESSAGES, *grams}), self.period, list(titled), self.policy.least)
        rows = await self.tx.run(_READ, *asked)
        counts = {row["gram"]: rules.Count(row["before"], row["recent"], row["titled"]) for row in rows}
        return Read(counts, {row["gram"]: (row["strength"], row["topic_id"]) for row in rows if row["topic_id"]})

    async def store(self, opinion_id: uuid.UUID, topic_id: uuid.UUID | None, region: str, grams: Sequence[int]) -> None:
        """Keeps a message as it was read."""
        await self.tx.run(_STORE, opinion_id, topic_id, region, self.at, grams)
        await self.resize({topic_id: 1} if topic_id else {})

    async def resize(self, more: Mapping[uuid.UUID, int]) -> None:
        """Adds to the sizes of topics."""
        if more:
            ids = sorted(more)
            await self.tx.run(_RESIZE, ids, [more[one] for one in ids])

    async def topic(self, topic_id: uuid.UUID) -> Held | None:
        """An open topic."""
        rows = await self.tx.run(_TOPIC, topic_id)
        return Held(*rows[0]) if rows else None

    async def born(self, topic_id: uuid.UUID, gram: int, born_at: datetime) -> None:
        """Keeps a new topic under its first name."""
        await self.tx.run(
            _BORN + "VALUES ($1, $2, 'open', false, 0, ARRAY[$3::int], 0, 0, 1, $4, 1)", topic_id, self.tx.site, gram, born_at
        )
        await self.tx.run("INSERT INTO topic_name (gram, topic_id) VALUES ($1, $2)", gram, topic_id)

    async def counts(self, grams: Collection[int]) -> dict[int, rules.Count]:
        """How often these shingles have come, as seen from the message's moment."""
        rows = await self.tx.run(_COUNT, list(grams), self.period)
        return {row["gram"]: rules.Count(row["all"] - row["recent"], row["recent"], row["titled"]) for row in rows}

    async def beside(self, gram: int) -> tuple[int, list[rules.Beside], list[Known]]:
        """A sample of the newest messages with a name: how many, what comes with it, and which of that are names."""
        rows = await self.tx.run(_BESIDE, gram, _SAMPLE, _BESIDE_FROM)
        found, known = [], []
        for row in rows:
            one = rules.Beside(row["g"], row["within"], row["apart"], row["all"])
            found.append(one)
            if row["topic_id"]:
                known.append(Known(one, row["topic_id"], row["strength"], row["by_hand"]))
        return rows[0]["sample"] if rows else 1, found, known

    async def strengthen(self, topic_id: uuid.UUID, found: rules.Strength) -> None:
        """Keeps a topic's strength."""
        of = (found.value, found.peak, found.peak_of)
        await self.tx.run("UPDATE topic SET strength = $2, peak = $3, peak_of = $4 WHERE id = $1", topic_id, *of)

    async def pull(self, names: Sequence[int], topic_id: uuid.UUID, strength: float) -> None:
        """Takes in the messages of the window that have one of these names and are in no topic or in a weaker one."""
        rows = await self.tx.run(_PULL, names, self.since, topic_id, strength, _PULLED)
        await self._moved(topic_id, [row["left_id"] for row in rows], len(rows))

    async def _moved(self, to: uuid.UUID, left: Sequence[uuid.UUID | None], number: int) -> None:
        more: dict[uuid.UUID, int] = {to: number} if number else {}
        for one in left:
            if one:
                more[one] = more.get(one, 0) - 1
        await self.resize(more)

    async def part(self, topic_id: uuid.UUID, names: Sequence[int], gone: Sequence[int]) -> None:
        """Takes names from a topic; messages that have none of the names that stay go to the strongest topic they name, or to none."""
        await self.tx.run("DELETE FROM topic_name WHERE topic_id = $1 AND gram = ANY($2::int[])", topic_id, gone)
        await self.tx.run("UPDATE topic SET names = $2::int[] WHERE id = $1", topic_id, names)
        more: dict[uuid.UUID, int] = {}
        for row in await self.tx.run(_PLACE_AGAIN, topic_id, names):
            more[topic_id] = more.get(topic_id, 0) - 1
            if row["topic_id"]:
                more[row["topic_id"]] = more.get(row["topic_id"], 0) + 1
        await self.resize(more)

    async def dissolve(self, held: Held) -> None:
        """Ends a topic; its messages go to the strongest topic they name, or to none."""
        await self.part(held.id, [], held.names)
        await self.tx.run("UPDATE topic SET state = 'dissolved', hot_since = NULL, version = version + 1 WHERE id = $1", held.id)

    async def unite(self, stays: uuid.UUID, gone: Held) -> None:
        """Makes one topic of two: messages and names of one go to the other."""
        await self.tx.run(_UNITE, stays, gone.id, gone.names)
