"""Facts that notify tells: who was told, and the keys under which it is told how to reach people."""

from __future__ import annotations

import uuid
from typing import ClassVar, Literal

from shared.events.base import Event
from shared.events.intake_privacy import MatterKind


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


class ContactKeyMade(Event):
    """A key pair of this matter alone was made (X25519, base64). Its private half stays with notify until the matter is erased."""

    producer: ClassVar[str] = "notify"
    key: ClassVar[str] = "matter_id"

    matter_id: uuid.UUID
    matter_kind: MatterKind
    public_key: str
