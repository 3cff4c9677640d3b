"""Facts that notify tells: who was told."""

from __future__ import annotations

import uuid
from typing import ClassVar, Literal

from shared.events.base import Event


class NoticePosted(Event):
    """A notice was put into an inbox. `audience` is an id: of an organisation, a role, an account or a deputy.

    `told_before`: people had been told before the suite was restored from a backup; nobody is to be told again.
    """

    producer: ClassVar[str] = "notify"
    key: ClassVar[str] = "notice_id"

    notice_id: uuid.UUID
    notice_class: str
    audience_kind: Literal["organisation", "role", "deputy", "account"]
    audience: str
    cause: uuid.UUID
    told_before: bool = False
