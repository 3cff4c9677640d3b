"""What a place decides about evaluating suggestions beyond the rating scale."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class SecondAppraisal(BaseModel):
    """A group that appraises a case again (二次评价). A vote stands when `quorum` percent of the seats have voted, and the case passes
    it when at least `threshold` percent of the votes are of a level that counts as satisfied."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_voters: int = Field(ge=1, le=500)
    quorum: int = Field(ge=1, le=100)
    threshold: int = Field(ge=1, le=100)
