"""What a place decides about texts that are alike."""

from __future__ import annotations

from pydantic import Field

from services.intake.labels import Strict


class MassPostingPolicy(Strict):
    """When many texts alike look posted in mass: so many in so many hours, under at most so many codes."""

    messages: int = Field(ge=3)
    hours: int = Field(ge=1, le=720)
    codes: int = Field(ge=1)


class DuplicatePolicy(Strict):
    """`alike`: the share of common shingles (0 to 1) from which two texts are flagged. `told_from`: fewer people are not told of."""

    alike: float = Field(gt=0, le=1)
    flags_each: int = Field(ge=1, le=20, description="flags of one opinion at most")
    told_from: int = Field(ge=1)
    mass_posting: MassPostingPolicy
