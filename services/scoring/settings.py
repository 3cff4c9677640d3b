"""Knobs of scoring and its section of the policy profile: the rule tables."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.settings import ServiceSettings


def _two_languages(label: dict[str, str]) -> dict[str, str]:
    if not {"zh", "en"} <= label.keys():
        raise ValueError("label needs zh and en")
    return label


class Item(BaseModel):
    """What one act is worth. `cap` bounds the points of a deputy under this item in a period; none when absent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: dict[str, str]
    points: Decimal = Field(max_digits=8, decimal_places=2)
    cap: Decimal | None = Field(default=None, gt=0, max_digits=8, decimal_places=2)

    @model_validator(mode="after")
    def _named(self) -> Item:
        _two_languages(self.label)
        return self


class RuleTable(BaseModel):
    """A version of the rule table, in force from a day (in China) until the next one's day (domain, section 4)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")
    in_force_from: date
    label: dict[str, str]
    items: dict[str, Item]

    @model_validator(mode="after")
    def _named(self) -> RuleTable:
        _two_languages(self.label)
        return self


class ScoringPolicy(BaseModel):
    """The place's rule tables, the oldest first. A new table never rewrites what an older one posted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile_version: str
    tables: tuple[RuleTable, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_later_than_the_one_before(self) -> ScoringPolicy:
        starts = [table.in_force_from for table in self.tables]
        if starts != sorted(set(starts)):
            raise ValueError("tables must be in order of in_force_from, no two on one day")
        if len({table.version for table in self.tables}) != len(self.tables):
            raise ValueError("two tables have one version")
        return self

    def table_on(self, day: date) -> RuleTable:
        """The table in force on a day; before the first one's day, the first."""
        begun = [table for table in self.tables if table.in_force_from <= day]
        return begun[-1] if begun else self.tables[0]


class Settings(ServiceSettings):
    """Knobs of scoring."""

    policy: ClassVar[type[BaseModel]] = ScoringPolicy

    gather: float = Field(default=0.25, description="as in every service; points that nobody waits for")
