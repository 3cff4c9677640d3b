"""Knobs of routing and its section of the policy profile: classes, clocks, and which department handles what."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.settings import ServiceSettings
from shared.workdays import Clock

Matter = Literal["opinion", "suggestion"]
"""What a case is about: a resident's opinion (民意) or a deputy's suggestion (建议、批评和意见). Their clocks differ."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(_Strict):
    """A text in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class ResultClass(_Strict):
    """A class of handling results (办理结果). A class that counts as a promise is followed up (承诺事项台账)."""

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]{0,15}$")
    label: Label
    counts_as_done: bool
    counts_as_promise: bool


class Clocks(_Strict):
    """Time limits of handling, each from its hand-over (交办). `source` of each names the rule it comes from."""

    reply: dict[Matter, Clock] = Field(description="until the reply of the first round")
    rehandle: Clock = Field(description="until the reply of a later round, from the rating that opened it")
    longest: Clock = Field(description="from the first hand-over of a round: a re-assignment never extends beyond it")
    objection: Clock = Field(description="how long the department may object to a hand-over")

    @model_validator(mode="after")
    def _for_every_matter(self) -> Clocks:
        if missing := {"opinion", "suggestion"} - self.reply.keys():
            raise ValueError(f"reply lacks {', '.join(sorted(missing))}")
        return self


class Automatic(_Strict):
    """When a category is certain enough for a case to be handed over without the desk."""

    sources: frozenset[Literal["sender", "rule", "model"]]
    confidence: float = Field(gt=0, le=1)


class Category(_Strict):
    """A category, and the department that leads its cases; without one the desk decides.

    `regions` names other leads for parts of the site: the longest code that a case's region begins with holds.
    """

    code: str = Field(pattern=r"^[a-z_]{2,40}$")
    lead: str | None = None
    regions: dict[str, str] = Field(default_factory=dict)


class RoutingPolicy(_Strict):
    """What a place decides about routing."""

    profile_version: str
    result_classes: tuple[ResultClass, ...] = Field(min_length=1)
    clocks: Clocks
    automatic: Automatic
    categories: tuple[Category, ...]

    @model_validator(mode="after")
    def _codes_are_unique(self) -> RoutingPolicy:
        for codes in ([c.code for c in self.result_classes], [c.code for c in self.categories]):
            if twice := sorted({c for c in codes if codes.count(c) > 1}):
                raise ValueError(f"appears twice: {', '.join(twice)}")
        return self

    def result_class(self, code: str) -> ResultClass | None:
        """The class with this code, if the place has it."""
        return next((c for c in self.result_classes if c.code == code), None)

    def category(self, code: str | None) -> Category | None:
        """The category with this code, if the place has it."""
        return next((c for c in self.categories if c.code == code), None)


class Settings(ServiceSettings):
    """Knobs of routing."""

    policy: ClassVar[type[BaseModel]] = RoutingPolicy

    overdue_batch: int = Field(default=200, ge=1, description="cases that one sweep marks as overdue")
    waiting_batch: int = Field(default=500, ge=1, description="waiting cases that one transaction assigns when their department has come")
    search_batch: int = Field(default=200, ge=1, description="cases that one sweep makes searchable by index")
