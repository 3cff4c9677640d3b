"""Doors to the suite's signing keys: the security administrator's."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import Path
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import col

from services.directory.keys import actions
from services.directory.keys.rules import Use
from services.directory.models import IssuingKey
from shared.http import InTx, RequestModel, service_router
from shared.identity import Caller, requires

router = service_router(tags=["keys"])

Rotator = Annotated[Caller, requires("key.rotate")]


class RotateIn(RequestModel):
    """Which key is to be replaced."""

    use: Use


class KeyOut(BaseModel):
    """A signing key; the private part is shown to nobody. `can_sign`: it still exists."""

    kid: str
    use: Use
    signs_from: datetime
    not_after: datetime | None
    withdrawn: bool
    can_sign: bool

    @classmethod
    def of(cls, row: IssuingKey) -> Self:
        return cls.model_validate({**row.model_dump(exclude={"public", "sealed"}), "can_sign": row.sealed is not None})


@router.get("/keys")
async def keys(tx: InTx, caller: Annotated[Caller, requires("key.rotate", "audit.read")]) -> list[KeyOut]:
    """All keys, newest first."""
    rows = await tx.scalars(select(IssuingKey).order_by(col(IssuingKey.signs_from).desc(), col(IssuingKey.kid)))
    return [KeyOut.of(row) for row in rows]


@router.post("/keys/rotate", status_code=201)
async def rotate(body: RotateIn, tx: InTx, caller: Rotator) -> KeyOut:
    """A new key; those before stay valid as long as what they signed."""
    return KeyOut.of(await actions.rotate(tx, body.use))


@router.post("/keys/{kid}/withdraw", status_code=204)
async def withdraw(kid: Annotated[str, Path(max_length=60)], tx: InTx, caller: Rotator) -> None:
    """Ends a key at once, because it may be stolen: all that it signed is refused from now on."""
    await actions.withdraw(tx, kid)
