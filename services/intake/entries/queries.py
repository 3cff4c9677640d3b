"""Reads of the register."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlmodel import col

from services.intake.entries.models import Entry
from shared.db import Tx
from shared.identity import Caller


async def page_of_entries(
    tx: Tx, caller: Caller, *, source: str | None, station_id: uuid.UUID | None, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> Sequence[Entry]:
    """Entries in the caller's region, the latest received first; one more than `limit` when there is another page."""
    page = (
        select(Entry)
        .where(col(Entry.region).startswith(caller.region, autoescape=True))
        .order_by(col(Entry.received_at).desc(), col(Entry.id).desc())
        .limit(limit + 1)
    )
    if source is not None:
        page = page.where(col(Entry.source) == source)
    if station_id is not None:
        page = page.where(col(Entry.station_id) == station_id)
    if after is not None:
        page = page.where(tuple_(col(Entry.received_at), col(Entry.id)) < tuple_(*after))
    return (await tx.scalars(page)).all()
