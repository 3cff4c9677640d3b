"""Facts that intake tells of personal data. Ids and codes only."""

from __future__ import annotations

import uuid
from typing import ClassVar, Literal

from shared.events.base import Event

MatterKind = Literal["opinion", "suggestion", "appointment", "petition", "mediation_party"]
"""What has contact data under a key of its own."""


class ContactLeft(Event):
    """A sender left a telephone number and agreed to be told: whoever may reach people makes a key for this matter."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "matter_id"

    matter_id: uuid.UUID
    matter_kind: MatterKind


class ContactSealed(Event):
    """The number, for the one who has the private key of `public_key`: nobody else opens `box`, and nobody once that key is gone.

    Both are base64; the box is of `shared.boxes` and bound to the matter.
    """

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "matter_id"

    matter_id: uuid.UUID
    matter_kind: MatterKind
    public_key: str
    box: str


class MatterErased(Event):
    """The key of a matter's contact data was destroyed (个人信息保护法 47): whoever keeps any of them forgets them.

    `ground` is a code: `person` asked with the lookup code, a ground of the profile, or `retention`.
    """

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "matter_id"

    matter_id: uuid.UUID
    matter_kind: MatterKind
    ground: str
