"""What a place decides about attachments (附件): how many, how large, how long they wait."""

from __future__ import annotations

from pydantic import Field

from services.intake.attachments.kinds import Kind
from services.intake.labels import Strict

MEGABYTE = 1024 * 1024


class AttachmentPolicy(Strict):
    """Sizes in bytes, times in hours. `waiting` is what all files that no matter has taken may hold together."""

    per_matter: int = Field(ge=0, le=20)
    largest: dict[Kind, int]
    pixels: int = Field(ge=1_000_000, le=100_000_000)
    waiting: int = Field(ge=16 * MEGABYTE)
    waits_hours: int = Field(ge=1, le=168)

    @property
    def largest_of_all(self) -> int:
        """What no file may exceed, whatever it is."""
        return max(self.largest.values())
