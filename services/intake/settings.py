"""Knobs of intake and its section of the policy profile."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from services.intake.appointments.settings import AppointmentPolicy
from services.intake.contacts.settings import ContactPolicy
from services.intake.duplicates.settings import DuplicatePolicy
from services.intake.labels import Label, Strict
from services.intake.mediations.settings import MediationPolicy
from services.intake.petitions.settings import PetitionPolicy
from services.intake.receptions.settings import ReceptionPolicy
from services.intake.sealing import read_master_key
from services.intake.suggestions.settings import SuggestionsPolicy
from services.intake.topics.settings import TopicPolicy
from shared.settings import ServiceSettings

Status = Literal["accepted", "classified", "assigned", "reassigning", "in_handling", "replied", "reopened", "closed"]
"""Where an opinion stands, as its sender sees it. `reassigning`: the department objected and the desk decides anew."""
Kind = Literal[Status, "overdue", "rated", "rating_not_counted"]
"""What a timeline tells of: each change of status, and what happens without one."""


class Step(Strict):
    """One of the place's steps (六步)."""

    code: str
    label: Label


class Progress(Strict):
    """How a kind of progress is told, and the step it belongs to."""

    step: str
    label: Label


class Certain(Strict):
    """When a category by keywords is certain: enough points, and a large enough share of all points."""

    title_factor: int = Field(ge=1)
    score: int = Field(ge=1)
    share: float = Field(gt=0, le=1)


class Category(Strict):
    """A first-level category; `keywords` are by weight, each counted once per opinion."""

    code: str = Field(pattern=r"^[a-z_]{2,40}$")
    label: Label
    keywords: dict[int, tuple[str, ...]]


class IntakePolicy(Strict):
    """What a place decides about intake."""

    profile_version: str
    steps: tuple[Step, ...]
    progress: dict[Kind, Progress]
    result_labels: dict[str, Label]
    certain: Certain
    categories: tuple[Category, ...]
    receptions: ReceptionPolicy
    contacts: ContactPolicy
    appointments: AppointmentPolicy
    petitions: PetitionPolicy
    mediations: MediationPolicy
    suggestions: SuggestionsPolicy
    duplicates: DuplicatePolicy
    topics: TopicPolicy

    @model_validator(mode="after")
    def _hangs_together(self) -> IntakePolicy:
        if missing := set(get_args(Kind)) - set(self.progress):
            raise ValueError(f"progress lacks {', '.join(sorted(missing))}")
        if unknown := {p.step for p in self.progress.values()} - {s.code for s in self.steps}:
            raise ValueError(f"progress names unknown steps: {', '.join(sorted(unknown))}")
        codes = [c.code for c in self.categories]
        if len(set(codes)) < len(codes):
            raise ValueError("a category's code appears twice")
        return self


class Settings(ServiceSettings):
    """Settings of intake. `master_key` wraps the keys of all contact data: whoever loses it loses the contacts."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    policy: ClassVar[type[BaseModel]] = IntakePolicy

    gather: float = Field(default=0.05, description="as in every service; progress that a sender looks at")

    master_key: SecretStr = Field(default=..., description="base64 of 32 random bytes")

    @field_validator("master_key")
    @classmethod
    def _readable(cls, value: SecretStr) -> SecretStr:
        read_master_key(value.get_secret_value())
        return value
