"""What figures and exports are asked for: a window of days, a place, and what opinions came by."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from services.intake.settings import Status
from shared.events.directory import CodeKind
from shared.http import RequestModel

By = Literal["none", "day", "month", "region", "station", "deputy", "category", "channel"]
"""By what figures are grouped. `day` and `month` are those of the calendar in China."""


class Wanted(RequestModel):
    """Opinions that came in from `since` to the end of `until` (days in China), in `region` and below it, by the other members."""

    since: date
    until: date
    region: Annotated[str, Field(min_length=2, max_length=24, pattern=r"^[0-9a-z]+$")] | None = None
    station: uuid.UUID | None = None
    deputy: uuid.UUID | None = None
    category: Annotated[str, Field(max_length=40, pattern=r"^[a-z_]+$")] | None = None
    channel: CodeKind | None = None
    status: Status | None = None
    by: By = "none"
