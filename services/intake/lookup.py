"""Numbers and lookup codes of what people brought themselves: drawn, kept as a hash, and tried without telling which was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert

from services.intake import numbers
from shared.clock import now
from shared.db import Tx

_TRIED = 5


class Kept(Protocol):
    """A row that a lookup code opens."""

    lookup_salt: bytes
    lookup_hash: bytes


@dataclass(frozen=True, slots=True)
class Slip:
    """What a person takes away. The lookup code is nowhere else: lost is lost."""

    number: str
    lookup_code: str


def opens(kept: Kept | None, code: str) -> bool:
    """Whether the code is the one kept; takes the same time when there is no row."""
    salt, digest = (kept.lookup_salt, kept.lookup_hash) if kept else (bytes(16), bytes(32))
    return numbers.fits(code, salt, digest) and kept is not None


async def insert_numbered(tx: Tx, table: Table, row: Mapping[str, Any]) -> Slip:
    """Inserts a row under a free number and a fresh lookup code."""
    lookup_code = numbers.new_lookup_code()
    salt, kept = numbers.hash_lookup_code(lookup_code)
    inserting = insert(table).on_conflict_do_nothing(index_elements=["number"]).returning(table.c.id)
    for _ in range(_TRIED):
        number = numbers.new_number(tx.site, now())
        if await tx.scalar(inserting, {**row, "number": number, "lookup_salt": salt, "lookup_hash": kept}):
            return Slip(number, lookup_code)
    raise RuntimeError("no free number was found: the random source repeats itself")
