"""Knobs of supervision and its section of the policy profile."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.events.supervision import StageName
from shared.settings import ServiceSettings


class Named(BaseModel):
    """A code of the place with what people call it, by language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    label: dict[str, str]

    @model_validator(mode="after")
    def _speaks_both_languages(self) -> Named:
        if not {"zh", "en"} <= self.label.keys():
            raise ValueError("label needs zh and en")
        return self


class SupervisionPolicy(BaseModel):
    """The place's boards (板块), what it calls the four stages, and the kinds of acts that deputies log (domain, section 3)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile_version: str
    boards: tuple[Named, ...] = Field(min_length=1)
    stages: dict[StageName, dict[str, str]]
    act_kinds: tuple[Named, ...] = Field(min_length=1)

    def has_board(self, board: str) -> bool:
        """Whether the place runs this board."""
        return any(one.id == board for one in self.boards)

    def has_act_kind(self, kind: str) -> bool:
        """Whether deputies of the place log this kind of act."""
        return any(one.id == kind for one in self.act_kinds)


class Settings(ServiceSettings):
    """Knobs of supervision."""

    policy: ClassVar[type[BaseModel]] = SupervisionPolicy

    delay_sweep_batch: int = Field(default=100, ge=1, description="projects that one pass of the delay sweep locks")
