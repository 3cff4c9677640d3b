"""What every section of routing's profile is built of: strict models, and texts in both languages."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A part of the profile: unknown keys are refused, and nothing changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(Strict):
    """A text in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Named(Strict):
    """One entry of a list of the profile: its code, and what people call it."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    label: Label
