"""What a place decides about personal data: for what they may be read, why erased or held, and how long they are kept."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from services.intake.labels import Label, Strict

Group = Literal[
    "opinion_closed",
    "opinion_given",
    "suggestion_refused",
    "suggestion_withdrawn",
    "suggestion_decided",
    "appointment_over",
    "petition_closed",
    "mediation_concluded",
]
"""Matters whose contact data fall due together; `queries.DUE` says from when each is counted."""


class Named(Strict):
    """A code and what people call it."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
    label: Label


class Keeping(Strict):
    """Contact data of a group are kept so many days, and why so long (个人信息保护法 19)."""

    group: Group
    days: int = Field(ge=1)
    source: str = Field(min_length=1)


class PrivacyPolicy(Strict):
    """What a place decides about personal data."""

    purposes: tuple[Named, ...] = Field(min_length=1)
    erase_grounds: tuple[Named, ...] = Field(min_length=1)
    hold_grounds: tuple[Named, ...] = Field(min_length=1)
    retention: tuple[Keeping, ...]

    @model_validator(mode="after")
    def _is_whole(self) -> PrivacyPolicy:
        for named in (self.purposes, self.erase_grounds, self.hold_grounds):
            if len({one.code for one in named}) < len(named):
                raise ValueError("a code appears twice")
        groups = [one.group for one in self.retention]
        if sorted(groups) != sorted(get_args(Group)):
            raise ValueError(f"retention names each of {', '.join(get_args(Group))} once")
        return self
