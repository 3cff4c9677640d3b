"""Knobs of intake and its section of the policy profile."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal, get_args

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from services.intake.appointments.settings import AppointmentPolicy
from services.intake.attachments.settings import AttachmentPolicy
from services.intake.board.settings import BoardPolicy
from services.intake.contacts.settings import ContactPolicy
from services.intake.course.settings import CoursePolicy
from services.intake.duplicates.settings import DuplicatePolicy
from services.intake.entries.settings import EntryPolicy
from services.intake.figures.settings import ExportPolicy
from services.intake.labels import Label, Strict
from services.intake.mediations.settings import MediationPolicy
from services.intake.petitions.settings import PetitionPolicy
from services.intake.privacy.settings import PrivacyPolicy
from services.intake.receptions.settings import ReceptionPolicy
from services.intake.sealing import read_master_key
from services.intake.suggestions.settings import SuggestionsPolicy
from services.intake.topics.settings import TopicPolicy
from services.intake.understanding.settings import Certain, ClassifierPolicy
from shared.settings import ServiceSettings

Status = Literal[
    "accepted",
    "classified",
    "assigned",
    "reassigning",
    "in_handling",
    "replied",
    "reopened",
    "closed",
    "withdrawn",
    "answered_by_rep",
]
"""Where an opinion stands, as its sender sees it. `reassigning`: the department objected and the desk decides anew."""
Kind = Literal[Status, "overdue", "rated", "rating_not_counted", "supplemented", "promise_made", "promise_changed", "promise_kept"]
"""What a timeline tells of: each change of status, and what happens without one."""


class Step(Strict):
    """One of the place's steps (六步)."""

    code: str
    label: Label


class Progress(Strict):
    """How a kind of progress is told, and the step it belongs to."""

    step: str
    label: Label


class LabelSet(Strict):
    """Another place's way of telling the same progress (七环节 beside 六步): its steps, and the step of each kind of progress."""

    code: str = Field(pattern=r"^[a-z_]{2,40}$")
    label: Label
    steps: tuple[Step, ...]
    of: dict[Kind, str]

    @model_validator(mode="after")
    def _tells_everything(self) -> LabelSet:
        if missing := set(get_args(Kind)) - set(self.of):
            raise ValueError(f"of lacks {', '.join(sorted(missing))}")
        if unknown := set(self.of.values()) - {s.code for s in self.steps}:
            raise ValueError(f"of names unknown steps: {', '.join(sorted(unknown))}")
        return self


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
    label_sets: tuple[LabelSet, ...] = ()
    result_labels: dict[str, Label]
    certain: Certain
    categories: tuple[Category, ...]
    attachments: AttachmentPolicy
    entries: EntryPolicy
    course: CoursePolicy
    board: BoardPolicy
    classifier: ClassifierPolicy
    receptions: ReceptionPolicy
    contacts: ContactPolicy
    appointments: AppointmentPolicy
    petitions: PetitionPolicy
    mediations: MediationPolicy
    suggestions: SuggestionsPolicy
    privacy: PrivacyPolicy
    exports: ExportPolicy
    duplicates: DuplicatePolicy
    topics: TopicPolicy

    @cached_property
    def keywords(self) -> dict[str, tuple[tuple[str, str, int], ...]]:
        """(keyword, its category, its weight) by the keyword's first two characters, or its only one: a text is then asked for the few
        that can be in it, not for all."""
        found: dict[str, list[tuple[str, str, int]]] = {}
        for category in self.categories:
            for weight, words in category.keywords.items():
                for word in words:
                    found.setdefault(word[:2], []).append((word, category.code, weight))
        return {start: tuple(words) for start, words in found.items()}

    @model_validator(mode="after")
    def _hangs_together(self) -> IntakePolicy:
        if missing := set(get_args(Kind)) - set(self.progress):
            raise ValueError(f"progress lacks {', '.join(sorted(missing))}")
        if unknown := {p.step for p in self.progress.values()} - {s.code for s in self.steps}:
            raise ValueError(f"progress names unknown steps: {', '.join(sorted(unknown))}")
        codes = [c.code for c in self.categories]
        if len(set(codes)) < len(codes):
            raise ValueError("a category's code appears twice")
        statuses = set(get_args(Status))
        for name in ("withdraw_from", "supplement_in", "rep_answer_in"):
            if unknown := set(getattr(self.course, name)) - statuses:
                raise ValueError(f"course.{name} names unknown statuses: {', '.join(sorted(unknown))}")
        if unknown := set(self.classifier.labels.values()) - set(codes):
            raise ValueError(f"classifier.labels names unknown categories: {', '.join(sorted(unknown))}")
        return self


class Settings(ServiceSettings):
    """Settings of intake. `master_key` wraps the keys of all contact data: whoever loses it loses the contacts."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    policy: ClassVar[type[BaseModel]] = IntakePolicy

    gather: float = Field(default=0.05, description="as in every service; progress that a sender looks at")

    classifier: Path | None = Field(default=None, description="a trained model; else models/classifier.npz in the data folder, if there")

    master_key: SecretStr = Field(default=..., description="base64 of 32 random bytes")

    @property
    def model_file(self) -> Path | None:
        """Where the trained model lies, if it does."""
        return self.classifier or (self.data / "models" / "classifier.npz" if self.data else None)

    @field_validator("master_key")
    @classmethod
    def _readable(cls, value: SecretStr) -> SecretStr:
        read_master_key(value.get_secret_value())
        return value
