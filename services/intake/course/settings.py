"""What a place decides about an opinion on its way: additions, taking back, a deputy's own answer."""

from __future__ import annotations

from pydantic import Field

from services.intake.labels import Strict


class CoursePolicy(Strict):
    """`withdraw_from` and `supplement_in` are statuses; `rep_answer_hours` is how long a deputy may answer alone (阜宁: 24)."""

    withdraw_from: tuple[str, ...]
    supplement_in: tuple[str, ...]
    supplements: int = Field(ge=0, le=50)
    rep_answer_hours: int = Field(ge=1, le=240)
    rep_answer_in: tuple[str, ...]
