"""What a place decides about opinions that staff enter for others."""

from __future__ import annotations

from pydantic import Field

from services.intake.labels import Label, Strict
from shared.events.intake_opinions import Source


class EntryPolicy(Strict):
    """How opinions come to staff, with their labels, and how many days back an entry may reach."""

    sources: dict[Source, Label]
    days_back: int = Field(ge=0, le=366)
