"""Near-duplicates on the labelled messages: `make evaluate-duplicates` prints the figures.

200 flagged pairs, the 150 whose texts differ and 50 of those that are the same, were judged from title and beginning by the developing
session: a language model, no person. Verdicts are kept by hashes of the texts in `results/duplicate_verdicts.json`. The pairs with their
texts are written to `results/duplicate_pairs.txt`, which git ignores.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from services.intake.duplicates import rules
from services.intake.duplicates.settings import DuplicatePolicy
from tests.evaluate import material
from tests.house import ROOT

pytestmark = pytest.mark.slow

RESULTS = Path(__file__).parent / "results"
SAME_READ = 50
POLICY = DuplicatePolicy(**yaml.safe_load((ROOT / "deploy" / "profiles" / "wujin.yaml").read_text("utf-8"))["intake"]["duplicates"])


@dataclass(frozen=True, slots=True)
class Pair:
    """Two messages by their places in the file, the earlier second."""

    later: int
    earlier: int
    share: float


def flagged(messages: list[material.Message]) -> Iterator[Pair]:
    """The pairs that reading the messages in their order flags, by the rules that the reader uses."""
    met: dict[int, list[int]] = defaultdict(list)
    shingles = [rules.shingles(one.text) for one in messages]
    for n, one in enumerate(messages):
        bands = rules.bands(one.text)
        candidates = {other for band in bands for other in met[band]}
        alike = [(rules.similarity(shingles[n], shingles[other]), -other) for other in candidates]
        for share, other in sorted((pair for pair in alike if pair[0] >= POLICY.alike), reverse=True)[: POLICY.flags_each]:
            yield Pair(n, -other, share)
        for band in bands:
            met[band].append(n)


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


def to_be_read(messages: list[material.Message], pairs: list[Pair]) -> list[Pair]:
    """Every pair whose texts differ, and the first of those that are the same: two hundred."""
    same = [p for p in pairs if rules.whole(messages[p.later].text) == rules.whole(messages[p.earlier].text)]
    return [*(p for p in pairs if p not in same), *same[:SAME_READ]]


def test_repeated_texts_are_flagged_repeated_titles_only_where_the_texts_agree_and_what_is_flagged_is_alike() -> None:
    messages = material.labelled()
    pairs = list(flagged(messages))
    flagged_ones, found = {p.later for p in pairs}, {(p.later, p.earlier) for p in pairs}
    seen: set[int] = set()
    repeated = []
    for n, one in enumerate(messages):
        whole = rules.whole(one.text)
        if whole is not None and whole in seen:
            repeated.append(n)
        seen.add(whole or 0)
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
