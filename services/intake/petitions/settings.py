"""What a place decides about petitions through a deputy: how long an organ has, and what is not taken."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.intake.labels import Label, Strict
from shared.workdays import Clock


class Ground(Strict):
    """Why a petition is not taken by a deputy."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
    label: Label


class PetitionPolicy(Strict):
    """What a place decides about petitions (信访代办). `answer`: until when an organ answers, from the transfer."""

    answer: Clock
    not_taken: tuple[Ground, ...] = Field(min_length=1)
