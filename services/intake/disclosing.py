"""Opening sealed contact data: for whom it concerns, with a purpose, and never without a row that says so."""

from __future__ import annotations

import uuid
from typing import Protocol

from services.intake.actions import Sender
from services.intake.models import ContactView
from services.intake.sealing import open_fields, read_master_key
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.identity import Caller
from shared.masking import mask


class Sealed(Protocol):
    """A row with sealed contact data under a key of its own."""

    id: uuid.UUID
    key_wrapped: bytes
    name_box: bytes | None
    phone_box: bytes | None


def unsealed(tx: Tx, row: Sealed) -> Sender:
    """The contact data of a row, for a verb that passes them on sealed again."""
    master = read_master_key(tx.settings.master_key.get_secret_value())
    opened = open_fields(row.id, master, row.key_wrapped, {"name": row.name_box, "phone": row.phone_box})
    return Sender(opened["name"], opened["phone"])


def disclose(tx: Tx, row: Sealed, caller: Caller, purpose: str) -> Sender:
    """The contact data of a row for a person to read; who read them and what for is kept. The caller's right is checked before."""
    tx.add(ContactView(id=new_id(), matter_id=row.id, purpose=mask(purpose), by=caller.account_id, at=now()))
    return unsealed(tx, row)
