"""Facts that scoring tells: points posted, each with the event that earned it."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import ClassVar

from shared.events.base import Event


class PointsPosted(Event):
    """A line was added to a deputy's ledger. `evidence` is the id of the event that earned it."""

    producer: ClassVar[str] = "scoring"
    key: ClassVar[str] = "deputy_id"

    line_id: uuid.UUID
    deputy_id: uuid.UUID
    item: str
    points: Decimal
    evidence: uuid.UUID
    rule_version: str
