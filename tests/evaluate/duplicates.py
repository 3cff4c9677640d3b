"""Near-duplicates on the labelled messages: `make evaluate-duplicates` prints the figures.

200 flagged pairs, the 150 whose texts differ and 50 of those that are the same, were judged from title and beginning by the developing
session: a language model, no person. Verdicts are kept by hashes of the texts in `results/duplicate_verdicts.json`. The pairs with their
texts are written to `results/duplicate_pairs.txt`, which git ignores.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select
from sqlmodel import col

from services.intake.duplicates import actions, rules
from services.intake.duplicates.models import Flag
from tests import kit
from tests.evaluate import material
from tests.evaluate.material import RESULTS

pytestmark = pytest.mark.slow

SAME_READ = 50


@dataclass(frozen=True, slots=True)
class Pair:
    """Two messages by their places in the file, the earlier second."""

    later: int
    earlier: int
    share: float


async def flagged(service: kit.Running, messages: list[material.Message]) -> list[Pair]:
    """The pairs that intake's own reading flags, in its tables; prints what reading costs."""
    await material.put(service, messages)
    began, busy, done = time.perf_counter(), time.process_time(), 1
    while done:
        async with service.tx() as tx:
            done = await actions.read_new(tx)
    wall, cpu = (1000 * (now - then) / len(messages) for now, then in ((time.perf_counter(), began), (time.process_time(), busy)))
    print(f"ms_per_message={wall:.1f} of_it_this_process={cpu:.1f}")
    async with service.tx() as tx:
        rows = (await tx.execute(select(Flag).order_by(col(Flag.opinion_id), col(Flag.similarity).desc(), col(Flag.earlier_id)))).scalars()
        return [Pair((f.opinion_id.int >> 64) - 1, (f.earlier_id.int >> 64) - 1, f.similarity) for f in rows]


def name_of(messages: list[material.Message], pair: Pair) -> str:
    """The pair by the hash of its texts."""
    both = "\n\n".join(f"{messages[n].title}\n{messages[n].text}" for n in (pair.later, pair.earlier))
    return hashlib.sha256(both.encode()).hexdigest()[:24]


def same_title(messages: list[material.Message]) -> Iterator[tuple[int, int]]:
    """Every two messages with one title, the later first."""
    known: dict[str, list[int]] = defaultdict(list)
    for n, one in enumerate(messages):
        yield from ((n, other) for other in known[one.title])
        known[one.title].append(n)


def agree(messages: list[material.Message], one: int, other: int) -> bool:
    """Whether half of all pairs of characters of two texts are common: another measure than the one under test."""
    first, second = ({m.text[i : i + 2] for i in range(len(m.text) - 1)} for m in (messages[one], messages[other]))
    return len(first & second) >= 0.5 * len(first | second)


def whole(message: material.Message) -> int | None:
    """One number for the text but for signs, spaces and case."""
    return rules.print_of(message.text).whole


def to_be_read(messages: list[material.Message], pairs: list[Pair]) -> list[Pair]:
    """Every pair whose texts differ, and the first of those that are the same: two hundred."""
    same = [p for p in pairs if whole(messages[p.later]) == whole(messages[p.earlier])]
    return [*(p for p in pairs if p not in same), *same[:SAME_READ]]


async def test_repeated_texts_are_flagged_repeated_titles_only_where_the_texts_agree_and_what_is_flagged_is_alike(
    running: Callable[..., Awaitable[kit.Running]],
) -> None:
    messages = material.labelled()
    pairs = await flagged(await running("intake"), messages)
    flagged_ones, found = {p.later for p in pairs}, {(p.later, p.earlier) for p in pairs}
    seen: set[int] = set()
    repeated = []
    for n, one in enumerate(messages):
        if (text := whole(one)) is not None and text in seen:
            repeated.append(n)
        seen.add(text or 0)
    share = sum(n in flagged_ones for n in repeated) / len(repeated)
    titles = list(same_title(messages))
    unlike = {pair for pair in titles if not agree(messages, *pair)}
    chosen = to_be_read(messages, pairs)
    lines = [f"{name_of(messages, p)} {p.share:.2f}\n  {messages[p.later]}\n  {messages[p.earlier]}\n" for p in chosen]
    (RESULTS / "duplicate_pairs.txt").write_text("\n".join(lines), "utf-8")
    verdicts = json.loads((RESULTS / "duplicate_verdicts.json").read_text("utf-8"))
    judged = [verdicts["pairs"].get(name_of(messages, p)) for p in chosen]
    precision = judged.count(True) / len(judged)
    print(f"repeated={len(repeated)} flagged_share={share:.4f} pairs={len(found)} read={len(judged)} precision={precision:.3f}")
    print(f"same_title={len(titles)} of_other_text={len(unlike)}")
    assert share >= 0.95
    assert unlike
    assert not unlike & found
    assert None not in judged, "pairs without a verdict: see results/duplicate_pairs.txt"
    assert precision >= 0.9
