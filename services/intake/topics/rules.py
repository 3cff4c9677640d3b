"""Pure decisions on topics: what a message consists of, which strings are names, what belongs together, and when a topic is hot."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.intake.shingles import number_of, runs_of, strings_of
from services.intake.topics.settings import HotPolicy, TopicPolicy
from shared.masking import mask

_SIZE, _READ = 3, 600
_ALWAYS_RARE = 20
_DOUBT = 100
"""Messages of doubt: what never came in a hundred messages may yet be usual."""
_OFTEN, _STEPS = 12, 8
SURE_FROM = 6
MESSAGES = 0
"""The shingle number that stands between strings, and under which messages are counted."""


def grams_of(title: str, text: str) -> list[int]:
    """The shingles of the first 600 characters of title and text, in order, each once; 0 stands for a gap, a digit run or a repeat."""
    found: list[int] = []
    seen: set[int] = set()
    for string in strings(f"{title}\n{text}"):
        for gram in string:
            found.append(MESSAGES if gram in seen else gram)
            seen.add(gram)
        found.append(MESSAGES)
    return found


def strings(text: str) -> list[list[int]]:
    """The shingles of each run of the first 600 characters, repeats included; 0 for one of digits only."""
    runs = [run for run in runs_of(mask(text), _READ) if len(run) >= _SIZE]
    return [[MESSAGES if one.isdigit() else number_of(one) for one in strings_of(run, _SIZE)] for run in runs]


@dataclass(frozen=True, slots=True)
class Count:
    """In how many messages: before the window, within it, and in how many titles ever."""

    before: int
    recent: int
    titled: int = 0

    @property
    def all(self) -> int:
        """In how many messages ever."""
        return self.before + self.recent


@dataclass(frozen=True, slots=True)
class Strength:
    """How unusual a name's fullest window is: `times` the rate outside it; `peak` messages of `peak_of` in that window.

    `value` is `peak` times the logarithm of `times`: of two names in one message the stronger has it.
    """

    value: float
    times: float
    peak: int
    peak_of: int


def strength(count: Count, total: Count, peak: int, peak_of: int) -> Strength:
    """The strength by the present window or by the fullest so far, whichever is stronger."""
    windows = [(n, of) for n, of in ((count.recent, total.recent), (peak, peak_of)) if n > 0]
    return max((_strength(count, total, n, of) for n, of in windows), key=lambda one: one.value, default=Strength(0, 0, 0, 1))


def _strength(count: Count, total: Count, peak: int, peak_of: int) -> Strength:
    elsewhere = (count.all - peak + 0.5) / (total.all - peak_of + _DOUBT)
    times = peak / max(1, peak_of) / elsewhere
    return Strength(peak * math.log(times), times, peak, peak_of)


def names_in(policy: TopicPolicy, title: Sequence[Sequence[int]], counts: Mapping[int, Count], known: Collection[int]) -> list[int]:
    """The new names in a title: of neighbouring shingles that all burst the one that came most often, for it belongs to the whole name.

    A name may be of any length from three characters: any of its shingles stands for it, since they come together. Where one of a
    stretch is a name already, nothing is new.
    """
    total = counts[MESSAGES]
    found: list[int] = []
    for string in title:
        for stretch in _stretches([n for n, gram in enumerate(string) if gram in counts and _bursts(policy, counts[gram], total, gram)]):
            part = string[stretch[0] : stretch[1] + 1]
            if not any(gram in known for gram in part):
                found += _fullest(part, counts)
    return list(dict.fromkeys(found))


def _fullest(part: Sequence[int], counts: Mapping[int, Count]) -> list[int]:
    taken: list[int] = []
    for place in sorted(range(len(part)), key=lambda place: (-counts[part[place]].all, place)):
        if all(abs(place - other) >= _SIZE for other in taken):
            taken.append(place)
    return [part[place] for place in taken]


def _bursts(policy: TopicPolicy, count: Count, total: Count, gram: int) -> bool:
    if gram == MESSAGES or count.recent < policy.least or count.all > max(_ALWAYS_RARE, policy.common * total.all):
        return False
    if count.titled < max(3, policy.titled * count.all):
        return False
    return count.recent / max(1, total.recent) >= policy.burst * (count.before + 0.5) / (total.before + _DOUBT)


def settles(messages: int) -> bool:
    """Whether a topic is looked at again when its name came in this many messages: each time while it is small."""
    return messages < _OFTEN or messages % (messages // _STEPS) == 0


@dataclass(frozen=True, slots=True)
class Beside:
    """A shingle beside a name: in how many messages of a sample, in how many of them apart from the name, and how often ever."""

    gram: int
    within: int
    apart: int
    all: int


def is_spoken_of(policy: TopicPolicy, messages: int, sample: int, beside: Iterable[Beside]) -> bool:
    """Whether those who use a name say something in common: a turn of phrase comes with anything. Not asked of few."""
    if sample < SURE_FROM:
        return True
    return any(one.apart >= policy.company * sample and one.all <= 3 * messages for one in beside)


def is_same(policy: TopicPolicy, messages: int, sample: int, other: Beside, *, held: bool = False) -> bool:
    """Whether two names are one topic: the messages of the rarer have the other too. Names that are together part a little later."""
    together = min(other.within / sample * messages, other.all, messages)
    slack = 0.8 if held else 1.0
    if other.within < policy.together_from and not held:
        return False
    alike = together / (messages + other.all - together)
    return alike >= slack * policy.together and together >= slack * policy.belongs * min(messages, other.all)


def words_of(texts: Iterable[tuple[str, str]], names: Collection[int]) -> list[str]:
    """The longest strings around these names that most texts with the name have, the most frequent first. Numbers of people are masked."""
    said = [[run for run in runs_of(mask(f"{title}\n{text}"), _READ) if len(run) >= _SIZE] for title, text in texts]
    pieces = {one for runs in said for run in runs for one in strings_of(run, _SIZE) if number_of(one) in names}
    found: dict[str, int] = {}
    for piece in sorted(pieces):
        holders = ["\n".join(runs) for runs in said if any(piece in run for run in runs)]
        word = _widened(piece, holders)
        found[word] = max(found.get(word, 0), len(holders))
    return [word for word, _ in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))]


def _widened(word: str, holders: Sequence[str]) -> str:
    while len(word) < 2 * _OFTEN:
        wider = Counter(one for text in holders for one in _wider(word, text))
        best = max(wider.items(), key=lambda pair: (pair[1], pair[0]), default=("", 0))
        if best[1] < max(2, 0.6 * len(holders)):
            break
        word = best[0]
    return word


def _wider(word: str, text: str) -> set[str]:
    found: set[str] = set()
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        found |= {one for one in (text[max(0, at - 1) : end], text[at : end + 1]) if len(one) > len(word) and "\n" not in one}
        at = text.find(word, at + 1)
    return found


def _stretches(places: Sequence[int]) -> list[tuple[int, int]]:
    stretches: list[tuple[int, int]] = []
    for place in places:
        if stretches and place == stretches[-1][1] + 1:
            stretches[-1] = (stretches[-1][0], place)
        else:
            stretches.append((place, place))
    return stretches


def growth(people: int, before: int, days: int, weeks_before: int) -> float:
    """How many times the people of the last `days` are the mean of the weeks before; at least one a week is assumed before."""
    return people * 7 / days / max(1.0, before / weeks_before)


def heat(people: int, grown: float, likes: int = 0) -> float:
    """The heat by which topics are listed: people and the logarithm of likes, times the root of the growth.

    A large old topic does not outshine a new one, and 63 likes count as six people: a like costs one touch.
    """
    return round((people + math.log2(1 + likes)) * math.sqrt(max(grown, 0.0)), 2)


def is_hot(policy: HotPolicy, people: int, before: int) -> bool:
    """Whether enough people spoke of it in the last days, and enough more than before."""
    return people >= policy.people and growth(people, before, policy.days, policy.weeks_before) >= policy.growth
