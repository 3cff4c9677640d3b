"""What a place decides about the public board of opinions (公开栏)."""

from __future__ import annotations

from services.intake.labels import Label, Strict
from shared.events.intake import RatingLevel


class BoardPolicy(Strict):
    """The levels of the public appraisal of a reply (公共评议), with their labels."""

    appraisal: dict[RatingLevel, Label]
