"""Opening sealed fields under the master key: for verbs that pass them on, and for `disclosing`, which shows them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from services.intake.sealing import open_fields, read_master_key
from shared.db import Tx


def opened(tx: Tx, matter_id: uuid.UUID, key_wrapped: bytes | None, boxes: Mapping[str, bytes | None]) -> dict[str, str | None]:
    """The fields of a matter, opened; all None where there is no key."""
    if key_wrapped is None:
        return dict.fromkeys(boxes)
    return open_fields(matter_id, read_master_key(tx.settings.master_key.get_secret_value()), key_wrapped, dict(boxes))
