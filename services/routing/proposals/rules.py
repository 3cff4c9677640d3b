"""Pure decisions on proposals: which departments are proposed for a case, in what order and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from services.routing.settings import Category, Proposals

Basis = Literal["category_and_region", "category"]


@dataclass(frozen=True, slots=True)
class ByRule:
    """The profile names the department for the category; `region` is the part of the site that the rule is for, None for all of it."""

    category: str
    region: str | None


@dataclass(frozen=True, slots=True)
class ByPast:
    """It finally handled `n` of the newest `of` cases like this one; `basis` says in what they are like it."""

    n: int
    of: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class Proposal:
    """A department, with what speaks for it."""

    department: str
    rule: ByRule | None
    past: ByPast | None


def by_rule(category: Category | None, region: str) -> tuple[str, ByRule] | None:
    """The department that the profile names, with the rule; the longest region code that fits holds."""
    if category is None:
        return None
    parts = [code for code in category.regions if region.startswith(code)]
    if parts:
        part = max(parts, key=len)
        return category.regions[part], ByRule(category.code, part)
    return (category.lead, ByRule(category.code, None)) if category.lead else None


def like_it(past: Sequence[tuple[str, str]], region: str, policy: Proposals) -> tuple[Counter[str], Basis]:
    """How many of the past cases each lead handled: those of the region alone when they are enough. `past` is (lead, region)."""
    here = [lead for lead, place in past if place == region]
    if len(here) >= policy.least:
        return Counter(here), "category_and_region"
    return Counter(lead for lead, _ in past), "category"


def ranked(named: tuple[str, ByRule] | None, counts: Mapping[str, int], basis: Basis, active: frozenset[str]) -> list[Proposal]:
    """Departments that are active: whom the rule names first, then by how many past cases they handled, then by name."""
    of = sum(counts.values())
    departments = set(counts) | ({named[0]} if named else set())
    found = [
        Proposal(
            department,
            named[1] if named and named[0] == department else None,
            ByPast(counts[department], of, basis) if counts.get(department) else None,
        )
        for department in departments & active
    ]
    return sorted(found, key=lambda one: (one.rule is None, -(one.past.n if one.past else 0), one.department))
