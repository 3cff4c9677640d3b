"""What a place decides about mediation: kinds of disputes, where they come from, and what success counts for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from services.intake.labels import Label, Strict


class Named(Strict):
    """A code and what people call it."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
    label: Label


class MediationPolicy(Strict):
    """What a place decides about mediation (先行调解)."""

    kinds: tuple[Named, ...] = Field(min_length=1)
    sources: tuple[Named, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _says_each_once(self) -> MediationPolicy:
        for named in (self.kinds, self.sources):
            if len({one.code for one in named}) < len(named):
                raise ValueError("a code appears twice")
        return self
