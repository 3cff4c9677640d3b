"""Facts that intake tells of petitions through a deputy (信访代办). The matter and the petitioner stay in intake."""

from __future__ import annotations

import uuid
from typing import ClassVar, Literal

from shared.events.base import Event

TransferMethod = Literal["forwarded", "handed_over", "told"]
"""转送, 交办, 告知 (practice: 汝州)."""
PetitionEnd = Literal["answered", "not_taken", "withdrawn"]


class PetitionEntered(Event):
    """A petition was entered for a deputy. Nothing may be done in it before the petitioner consents."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "petition_id"

    petition_id: uuid.UUID
    deputy_id: uuid.UUID
    region: str


class PetitionConsentGiven(Event):
    """The petitioner consented that the deputy acts (个人信息保护法 13-14)."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "petition_id"

    petition_id: uuid.UUID
    deputy_id: uuid.UUID


class PetitionTransferred(Event):
    """The deputy passed a petition on to an organ; the loop stays open until its answer is recorded and told."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "petition_id"

    petition_id: uuid.UUID
    transfer_id: uuid.UUID
    deputy_id: uuid.UUID
    organisation: str
    method: TransferMethod


class PetitionClosed(Event):
    """A petition's loop is closed: answered and told, not taken, or withdrawn by the petitioner."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "petition_id"

    petition_id: uuid.UUID
    deputy_id: uuid.UUID
    end: PetitionEnd
    transfers: int
