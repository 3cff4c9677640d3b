"""Opening sealed contact data: for whom it concerns, with a purpose of the profile, and never without a row that says so."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Protocol

from pydantic import Field

from services.intake.actions import Sender
from services.intake.models import ContactView
from services.intake.opening import opened
from services.intake.privacy.errors import ContactErased, NoContactKept
from services.intake.privacy.models import Erasure
from services.intake.privacy.rules import check_purpose
from shared.audit import about
from shared.clock import now
from shared.db import Tx
from shared.errors import NotPermitted
from shared.events import new_id
from shared.http import RequestModel
from shared.identity import Caller

UNMASK = "personal.unmask"


class PurposeIn(RequestModel):
    """What the contact data are read for: a code of the place's list."""

    purpose: str = Field(min_length=1, max_length=40)


class Sealed(Protocol):
    """A row with sealed contact data under a key of its own. Without the key nobody can read them any more."""

    id: uuid.UUID
    key_wrapped: bytes | None
    name_box: bytes | None
    phone_box: bytes | None


def check_unmasking(tx: Tx, matter_id: uuid.UUID, caller: Caller, purpose: str) -> None:
    """Passes for a caller who may unmask, with a purpose of the list; the audit names both. Raises NotPermitted, PurposeUnknown."""
    if not caller.may(UNMASK):
        raise NotPermitted()
    check_purpose(tx.policy.privacy, purpose)
    about(tx, matter_id, f"purpose:{purpose}")


async def reveal(
    tx: Tx, matter_id: uuid.UUID, key_wrapped: bytes | None, boxes: Mapping[str, bytes | None], caller: Caller, purpose: str
) -> dict[str, str | None]:
    """The fields of a matter for a person to read. Who read them and what for is kept, here and in the audit; the value is not.

    The caller's right to the matter is checked before. Raises NotPermitted without `personal.unmask`, PurposeUnknown,
    NoContactKept, ContactErased.
    """
    check_unmasking(tx, matter_id, caller, purpose)
    if key_wrapped is None:
        raise ContactErased() if await tx.get(Erasure, matter_id) else NoContactKept()
    tx.add(ContactView(id=new_id(), matter_id=matter_id, purpose=purpose, by=caller.account_id, at=now()))
    return opened(tx, matter_id, key_wrapped, boxes)


def unsealed(tx: Tx, row: Sealed) -> Sender | None:
    """The contact data of a row, for a verb that passes them on sealed again; None when they were erased."""
    if row.key_wrapped is None:
        return None
    fields = opened(tx, row.id, row.key_wrapped, {"name": row.name_box, "phone": row.phone_box})
    return Sender(fields["name"], fields["phone"])


async def disclose(tx: Tx, row: Sealed, caller: Caller, purpose: str) -> Sender:
    """The contact data of a row for a person to read. Raises as `reveal`."""
    fields = await reveal(tx, row.id, row.key_wrapped, {"name": row.name_box, "phone": row.phone_box}, caller, purpose)
    return Sender(fields["name"], fields["phone"])
