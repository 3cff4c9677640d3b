"""Pure decisions of the handling report: which share is of what, and how it is rounded (domain, principles 5 and 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from services.routing.settings import Ratings, ResultClass
from shared.shares import largest_remainder
from shared.workdays import CHINA

NOT_RETURNED = "not_returned"


@dataclass(frozen=True, slots=True)
class Rate:
    """`n` of `of` in percent, rounded half up; None when there is nothing that it could be a share of."""

    n: int
    of: int
    percent: Decimal | None


@dataclass(frozen=True, slots=True)
class Portion:
    """One class or level: how many, and the share of its base by largest remainder. `label` by language."""

    code: str
    label: Mapping[str, str]
    count: int
    share: Decimal


@dataclass(frozen=True, slots=True)
class Portions:
    """Shares that add up to 100, and what they are of."""

    base: int
    items: tuple[Portion, ...]


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """Ratings of the replies: `rated` and `not_returned` are always told apart; `base` is what the profile's rule makes of them."""

    base: int
    rated: int
    not_returned: int
    satisfied: int
    percent: Decimal | None
    levels: Portions


def rate(n: int, of: int, decimals: int) -> Rate:
    """A share with its base."""
    return Rate(n, of, (Decimal(100 * n) / of).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) if of else None)


def portions(counts: Mapping[str, int], labels: Mapping[str, Mapping[str, str]], decimals: int) -> Portions:
    """The counts as shares of their sum, in the order of the labels; a code without a label comes last and shows itself."""
    codes = [*labels, *sorted(counts.keys() - labels.keys())]
    numbers = [counts.get(code, 0) for code in codes]
    shares = largest_remainder(numbers, decimals)
    return Portions(
        sum(numbers),
        tuple(Portion(c, labels.get(c, {"zh": c, "en": c}), n, s) for c, n, s in zip(codes, numbers, shares, strict=True)),
    )


def class_shares(counts: Mapping[str, int], classes: Sequence[ResultClass], decimals: int) -> Portions:
    """Cases by the result class of their newest reply. Base: cases with a reply that were not withdrawn."""
    return portions(counts, {c.code: c.label.model_dump() for c in classes}, decimals)


def satisfaction(counts: Mapping[str, int], not_returned: int, ratings: Ratings, decimals: int) -> Satisfaction:
    """What the ratings say. Base: the rated replies, with those whose rating never came where the profile counts them (重庆 29).

    The rate is rounded by itself: the sum of rounded shares may be a whole unit away from it.
    """
    labels: dict[str, dict[str, str]] = {code: level.label.model_dump() for code, level in ratings.scale.items()}
    counted = dict(counts)
    if ratings.not_returned == "counted":
        labels[NOT_RETURNED] = {"zh": "未返回", "en": "Not returned"}
        counted[NOT_RETURNED] = not_returned
    levels = portions(counted, labels, decimals)
    content = sum(counts.get(code, 0) for code, level in ratings.scale.items() if level.counts_as_satisfied)
    return Satisfaction(
        base=levels.base,
        rated=sum(counts.values()),
        not_returned=not_returned,
        satisfied=content,
        percent=rate(content, levels.base, decimals).percent,
        levels=levels,
    )


def year_of(year: int) -> tuple[datetime, datetime]:
    """From the first moment of a year in China to the first of the next."""
    return datetime(year, 1, 1, tzinfo=CHINA), datetime(year + 1, 1, 1, tzinfo=CHINA)
