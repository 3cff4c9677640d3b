"""What a place decides about contacts: their kinds, and how many of each a deputy owes in a month, a quarter or a year."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from services.intake.labels import Label, Strict
from shared.events.directory import MandateLevel
from shared.events.intake_contacts import LinkKind, Measure, Period


class Kind(Strict):
    """A kind of contact, and the minimums that it counts for."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
    label: Label
    measures: tuple[Measure, ...] = ()


class Minimum(Strict):
    """At least so many in each period (一月一联系、一季一活动、一年一总结); who is below hears so many days before it ends.

    `levels`: the mandates that owe it; none named means all.
    """

    measure: Measure
    label: Label
    period: Period
    at_least: int = Field(ge=1, le=366)
    remind_days: int = Field(ge=1, le=180)
    levels: tuple[MandateLevel, ...] = ()
    source: str = Field(min_length=1)


class ContactPolicy(Strict):
    """What a place decides about contacts."""

    enter_within_days: int = Field(ge=1, le=366, description="days after a contact in which it may be entered")
    kinds: tuple[Kind, ...] = Field(min_length=1)
    links: dict[LinkKind, Label]
    minimums: tuple[Minimum, ...]

    @model_validator(mode="after")
    def _says_each_once(self) -> ContactPolicy:
        if len({kind.code for kind in self.kinds}) < len(self.kinds):
            raise ValueError("a kind's code appears twice")
        if len({one.measure for one in self.minimums}) < len(self.minimums):
            raise ValueError("a measure has two minimums")
        return self

    def kind(self, code: str) -> Kind | None:
        """The kind of that code, if the place has it."""
        return next((kind for kind in self.kinds if kind.code == code), None)
