"""Facts that intake tells of an opinion after it was sent: what its sender, a deputy or the public adds to it."""

from __future__ import annotations

import uuid
from typing import ClassVar

from shared.events.base import Event


class AttachmentsGiven(Event):
    """Files were given to an opinion. They stay in intake, where those who handle it read them."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    opinion_id: uuid.UUID
    number: str
    count: int
