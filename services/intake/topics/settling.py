"""A topic looks at itself again as it grows: how strong its name is, what it takes in, what it is one with, whether it is one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from services.intake.topics import rules
from services.intake.topics.placing import Held, Known, Placing


async def begins(placing: Placing, gram: int, messages: int) -> bool:
    """Whether a name that has become frequent makes a topic: those who use it say something in common."""
    sample, beside, _ = await placing.beside(gram)
    return rules.is_spoken_of(placing.policy, messages, sample, beside)


async def settle(placing: Placing, topic_id: uuid.UUID) -> None:
    """Looks at a topic again. One that a person's hand touched is not ended by it."""
    held = await placing.topic(topic_id)
    if held is None or not held.names:
        return
    lead = held.names[0]
    counts = await placing.counts([rules.MESSAGES, lead])
    found = rules.strength(counts[lead], counts[rules.MESSAGES], held.peak, held.peak_of)
    sample, beside, known = await placing.beside(lead)
    messages = counts[lead].all
    lasts = found.times >= placing.policy.lasting and rules.is_spoken_of(placing.policy, messages, sample, beside)
    if not lasts and not held.by_hand:
        await placing.dissolve(held)
        return
    await placing.strengthen(held.id, found)
    names = await _part(placing, held, messages, sample, beside)
    await placing.pull(names, held.id, found.value)
    others = [one for one in known if one.topic_id != held.id and rules.is_same(placing.policy, messages, sample, one.beside)]
    await _unite(placing, held, found.value, others)


async def _part(placing: Placing, held: Held, messages: int, sample: int, beside: Sequence[rules.Beside]) -> list[int]:
    """Names that no longer come with the leading one leave. Returns those that stay."""
    if sample < rules.SURE_FROM:
        return held.names
    near = {one.gram: one for one in beside}
    none = rules.Beside(0, 0, 0, 1)
    gone = [gram for gram in held.names[1:] if not rules.is_same(placing.policy, messages, sample, near.get(gram, none), held=True)]
    names = [gram for gram in held.names if gram not in gone]
    if gone:
        await placing.part(held.id, names, gone)
    return names


async def _unite(placing: Placing, held: Held, value: float, others: Sequence[Known]) -> None:
    """Makes one topic of those whose names come together; the stronger stays, and one that a person's hand touched is never taken in."""
    for one in sorted(others, key=lambda one: (one.strength, one.topic_id)):
        other = await placing.topic(one.topic_id)
        if other is None or (other.by_hand and held.by_hand):
            continue
        if other.by_hand or (not held.by_hand and other.strength > value):
            mine = await placing.topic(held.id)
            if mine is not None:
                await placing.unite(other.id, mine)
            return
        await placing.unite(held.id, other)
