"""Pure decisions on the public board."""

from __future__ import annotations

import hmac
import re
import uuid
from collections.abc import Mapping
from typing import Literal

from services.intake.board.errors import PublicationIsDecided, PublicationNotAgreed, VoterUnknown

State = Literal["offered", "published", "declined", "taken_down", "taken_back"]
_DEVICE = re.compile(r"[A-Za-z0-9_-]{16,64}")


def voter_of(key: bytes, account: uuid.UUID | None, device: str, about: uuid.UUID | None) -> bytes:
    """Who votes, as it is kept: a keyed hash of the account, or of the device where there is none, and of what is voted about.

    The key is intake's: a stolen table tells no device. Raises VoterUnknown.
    """
    if account is None and not _DEVICE.fullmatch(device):
        raise VoterUnknown(where="X-Device")
    who = f"account/{account}" if account else f"device/{device}"
    return hmac.digest(key, f"board/{about}/{who}".encode(), "sha256")


def check_decision(state: str, wanted: State) -> None:
    """Passes where the desk may publish, decline or take down. Raises PublicationNotAgreed, PublicationIsDecided."""
    if state == "taken_back":
        raise PublicationNotAgreed()
    if state != ("published" if wanted == "taken_down" else "offered"):
        raise PublicationIsDecided(state=state)


def with_base(counted: Mapping[str, int], levels: Mapping[str, object]) -> tuple[dict[str, int], int]:
    """The count of each level of the place, and the base: all votes."""
    counts = {level: counted.get(level, 0) for level in levels}
    return counts, sum(counts.values())
