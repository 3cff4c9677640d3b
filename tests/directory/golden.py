"""What directory hears: its own keys, published four times; the last set alone says everything."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.events import derived_id
from shared.events.directory import SigningKey, SigningKeysPublished
from tests import kit

_START = datetime(2026, 3, 2, 8, tzinfo=UTC)
_SOURCE = UUID("01960000-0000-7000-8000-00000000d1d1")


def _key(number: int) -> SigningKey:
    public = base64.urlsafe_b64encode(bytes([number]) * 32).decode().rstrip("=")
    return SigningKey(kid=f"token-{number}", use="token", public=public, not_after=None)


EVENTS = [
    SigningKeysPublished(
        id=derived_id(_SOURCE, str(number)),
        occurred_at=_START + timedelta(hours=number),
        site=kit.SITE,
        set_no=number,
        keys=tuple(_key(n) for n in range(max(1, number - 1), number + 1)),
    )
    for number in range(1, 5)
]
