"""Advisory locks: rare writes that look before they write take turns, so that replicas do not make the same thing twice."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import text

from shared.db import Tx

_NUMBERS = {"keys": 7_320_001, "master": 7_320_002, "accounts": 7_320_003}


async def alone(tx: Tx, what: Literal["keys", "master", "accounts"]) -> None:
    """Waits until no other transaction holds the lock; it is given back at the end of this one. Asks once per transaction."""
    held: set[str] = tx.info.setdefault("locks", set())
    if what not in held:
        await tx.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _NUMBERS[what]})
        held.add(what)
