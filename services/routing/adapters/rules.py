"""Pure decisions on other systems: whether a signature holds, what their status means here, and whether it moves anything."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from services.routing.adapters.errors import SignatureNotValid, UnknownAdapter, UnknownStatus
from services.routing.supervising.settings import Adapter, ExternalState

State = Literal["queued"] | ExternalState
_RANK: dict[str, int] = {"queued": 0, "received": 1, "handling": 2, "done": 3, "returned": 3}
UNDER_WAY: tuple[State, ...] = ("queued", "received", "handling")

QUEUE = b"queue"
"""What is signed, in place of a body, to fetch the queue."""


def adapter_of(adapters: Sequence[Adapter], code: str) -> Adapter:
    """The adapter with this code. Raises UnknownAdapter."""
    found = next((one for one in adapters if one.code == code), None)
    if found is None:
        raise UnknownAdapter(where="adapter", known=[one.code for one in adapters])
    return found


def signature(secret: str, adapter: str, timestamp: str, signed: bytes) -> str:
    """HMAC-SHA256 in hex over adapter, time and body: nobody can send a body as another system, at another time or changed."""
    return hmac.new(secret.encode(), f"{adapter}.{timestamp}.".encode() + signed, hashlib.sha256).hexdigest()


def check_signature(secret: str | None, adapter: str, timestamp: str, given: str, signed: bytes, *, at: datetime, seconds: float) -> None:
    """Passes when the signature holds and was made within so many seconds of `at`. Raises SignatureNotValid, whatever was wrong."""
    if secret is None or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise SignatureNotValid
    holds = hmac.compare_digest(signature(secret, adapter, timestamp, signed).encode(), given.encode())
    if not holds or abs(at.timestamp() - int(timestamp)) > seconds:
        raise SignatureNotValid


def meaning(adapter: Adapter, status: str) -> ExternalState:
    """What a status of the other system means here. Raises UnknownStatus."""
    found = adapter.statuses.get(status)
    if found is None:
        raise UnknownStatus(where="status", known=sorted(adapter.statuses))
    return found


def moves(was: str, state: str) -> bool:
    """Whether a reported state moves what was handed out: only onwards, for reports may overtake each other."""
    return _RANK[state] > _RANK[was]
