"""Pure decisions on topics: what a message consists of, whether it fits a topic, what forms one, and when one is hot."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.intake.shingles import number_of, runs_of, strings_of
from services.intake.topics.settings import HotPolicy, TopicPolicy
from shared.masking import mask

_SIZE, _READ = 3, 600
_ALWAYS_RARE = 20
MESSAGES = 0
"""The shingle number that stands between strings, and under which messages are counted."""


def grams_of(title: str, text: str) -> list[int]:
    """The shingles of the first 600 characters of title and text, in order, each once; 0 stands for a gap, a digit run or a repeat."""
    found: list[int] = []
    seen: set[int] = set()
    for run in runs_of(mask(f"{title}\n{text}"), _READ):
        for string in strings_of(run, _SIZE) if len(run) >= _SIZE else ():
            gram = MESSAGES if string.isdigit() else number_of(string)
            found.append(MESSAGES if gram in seen else gram)
            seen.add(gram)
        found.append(MESSAGES)
    return found


@dataclass(frozen=True, slots=True)
class Count:
    """In how many messages: earlier than the window of two periods, and within it."""

    before: int
    recent: int

    @property
    def all(self) -> int:
        """In how many messages ever."""
        return self.before + self.recent


@dataclass(slots=True)
class Profile:
    """What speaks for a topic: per key its share in the topic's messages and how far it belongs to the topic; the names among them."""

    keys: dict[int, tuple[float, float]] = field(default_factory=dict)
    names: frozenset[int] = frozenset()


def profile_of(
    policy: TopicPolicy, having: Mapping[int, int], sample: int, size: int, counts: Mapping[int, Count], messages: int
) -> Profile:
    """The profile of a topic with `size` messages, of `sample` of which `having` says how many have each shingle."""
    keys: dict[int, tuple[float, float]] = {}
    for gram, n in having.items():
        known = counts[gram].all
        if n < 3 or n < policy.key_share * sample or known > _common(policy, messages):
            continue
        belongs = min((n * size / sample - 0.5) / (known + 0.5), 0.99)
        if belongs >= policy.key_belongs:
            keys[gram] = (n / sample, belongs)
    grown = size > policy.least
    names = (g for g, (share, belongs) in keys.items() if grown and share >= policy.name_share and belongs >= policy.name_belongs)
    return Profile(keys, frozenset(names))


def fit(policy: TopicPolicy, grams: Sequence[int], profile: Profile) -> float:
    """The evidence that a message is of a topic, 0 when it is too little.

    Each separate string counts once, by its strongest key; a topic that has names takes only messages with one of them.
    """
    if profile.names and profile.names.isdisjoint(grams):
        return 0.0
    evidence = strongest = 0.0
    gap = 0
    for gram in grams:
        key = profile.keys.get(gram)
        if key is not None:
            strongest, gap = max(strongest, key[1] ** 2), 0
            continue
        gap += 1
        if strongest and (gap >= _SIZE or gram == MESSAGES):
            evidence, strongest = evidence - math.log(1 - strongest), 0.0
    if strongest:
        evidence -= math.log(1 - strongest)
    return evidence if evidence >= (policy.fit_named if profile.names else policy.fit) else 0.0


def _common(policy: TopicPolicy, messages: int) -> float:
    return max(_ALWAYS_RARE, policy.common * messages)


def candidates(policy: TopicPolicy, grams: Sequence[int], counts: Mapping[int, Count]) -> list[list[int]]:
    """The strings of a message that might make a topic: rare, yet repeated in the window and far more frequent in it than before."""
    total = counts[MESSAGES]
    strings: list[list[int]] = []
    gap = _SIZE
    for gram in grams:
        if gram != MESSAGES and _bursts(policy, counts[gram], total):
            if gap >= _SIZE:
                strings.append([])
            strings[-1].append(gram)
            gap = 0
        else:
            gap = _SIZE if gram == MESSAGES else gap + 1
    return strings


def _bursts(policy: TopicPolicy, count: Count, total: Count) -> bool:
    if count.recent < policy.least or count.all > _common(policy, total.all):
        return False
    # A hundred messages of doubt: what came once before in a hundred messages is no proof of a burst.
    before = (count.before + 0.5) / (total.before + 100)
    return count.recent / max(1, total.recent) >= policy.burst * before


@dataclass(frozen=True, slots=True)
class Near:
    """A message of the window that shares candidate shingles, without those that its present topic explains."""

    number: int
    text: int
    grams: frozenset[int]


def core_of(policy: TopicPolicy, strings: Sequence[Sequence[int]], near: Sequence[Near]) -> set[int]:
    """The messages that form a new topic, by `number`; none when too few rare strings occur together in too few different texts."""
    sets = [_rarest(string, near) for string in strings]
    best: tuple[float, set[int]] = (0.0, set())
    texts = {one.number: one.text for one in near}
    for one in sets:
        together = [other for other in sets if other is not one and _meet(policy, one, other)]
        if len(together) + 1 < policy.strings:
            continue
        often = Counter(number for messages in (one, *together) for number in messages)
        core = {number for number, times in often.items() if times >= max(2.0, (len(together) + 1) / 2)}
        if len(core) >= policy.least and len({texts[number] for number in core}) >= 3:
            best = max(best, (len(core) * math.log(1 + len(together)), core), key=lambda pair: pair[0])
    return best[1]


def _rarest(string: Iterable[int], near: Sequence[Near]) -> set[int]:
    return min(({one.number for one in near if gram in one.grams} for gram in string), key=len)


def _meet(policy: TopicPolicy, one: set[int], other: set[int]) -> bool:
    common = len(one & other)
    return common >= policy.least and common / len(one | other) >= policy.together


def is_one_topic(policy: TopicPolicy, one: Profile, other: Profile) -> bool:
    """Whether two topics are one: a key that half the messages of each have belongs to both together."""
    shared = one.keys.keys() & other.keys.keys()
    return any(
        min(one.keys[g][0], other.keys[g][0]) >= 0.5 and one.keys[g][1] + other.keys[g][1] >= policy.one_name for g in shared
    )


def words_of(texts: Iterable[tuple[str, str]], names: Collection[int]) -> list[str]:
    """The longest strings of these texts that consist of names, the most frequent first. Numbers of people are masked in them."""
    found: Counter[str] = Counter()
    for title, text in texts:
        said: set[str] = set()
        for run in runs_of(mask(f"{title}\n{text}"), _READ):
            hits = [i for i in range(len(run) - _SIZE + 1) if number_of(run[i : i + _SIZE]) in names]
            said |= {run[first : last + _SIZE] for first, last in _stretches(hits)}
        found.update(said)
    return [word for word, _ in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))]


def _stretches(places: Sequence[int]) -> list[tuple[int, int]]:
    stretches: list[tuple[int, int]] = []
    for place in places:
        if stretches and place == stretches[-1][1] + 1:
            stretches[-1] = (stretches[-1][0], place)
        else:
            stretches.append((place, place))
    return stretches


def settles(size: int) -> bool:
    """Whether a topic that has grown to this size looks again at its keys and at messages around it: often while it is small."""
    return size < 12 or (size % 4 == 0 if size < 100 else size % 25 == 0)


def growth(people: int, before: int, days: int, weeks_before: int) -> float:
    """How many times the people of the last `days` are the mean of the weeks before; at least one a week is assumed before."""
    return people * 7 / days / max(1.0, before / weeks_before)


def heat(people: int, grown: float) -> float:
    """The heat by which topics are listed: people, times the root of the growth, so that a large old topic does not outshine a new one."""
    return round(people * math.sqrt(max(grown, 0.0)), 2)


def is_hot(policy: HotPolicy, people: int, before: int) -> bool:
    """Whether enough people spoke of it in the last days, and enough more than before."""
    return people >= policy.people and growth(people, before, policy.days, policy.weeks_before) >= policy.growth
