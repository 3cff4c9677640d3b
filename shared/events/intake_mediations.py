"""Facts that intake tells of mediation before a lawsuit (先行调解). Parties and agreements stay in intake."""

from __future__ import annotations

import uuid
from datetime import date
from typing import ClassVar, Literal

from shared.events.base import Event

MediationOutcome = Literal["succeeded", "failed", "withdrawn"]


class MediationOpened(Event):
    """A dispute was taken in for mediation."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "mediation_id"

    mediation_id: uuid.UUID
    region: str
    kind: str
    source: str


class MediationConcluded(Event):
    """A mediation ended. `deputies` mediated; invited mediators who are no deputies are not named."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "mediation_id"

    mediation_id: uuid.UUID
    region: str
    kind: str
    outcome: MediationOutcome
    on: date
    deputies: tuple[uuid.UUID, ...]
