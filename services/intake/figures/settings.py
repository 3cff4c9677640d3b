"""What a place decides about exports."""

from __future__ import annotations

from pydantic import Field

from services.intake.labels import Strict
from services.intake.privacy.settings import Named


class ExportPolicy(Strict):
    """How long a finished export can be fetched, how many rows it may have, and what it may be for."""

    keep_hours: int = Field(ge=1, le=720)
    most_rows: int = Field(ge=1, le=1_000_000, description="a sheet holds 1,048,576 rows at most")
    purposes: tuple[Named, ...] = Field(min_length=1)
