"""Keeps the mandates that directory tells of, and finds who may raise and sign."""

from __future__ import annotations

import uuid

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert

from services.intake.suggestions import rules
from services.intake.suggestions.errors import MandateNotActive, NoMandate
from services.intake.suggestions.models import Mandate
from shared.clock import now
from shared.db import Tx
from shared.events.directory import MandateChanged

_MANDATE: Table = Mandate.__table__  # type: ignore[attr-defined]


async def note_mandate(tx: Tx, event: MandateChanged) -> None:
    """Keeps the newest version of a mandate, in whatever order versions come."""
    row = event.model_dump(include={"deputy_id", "name", "level", "region", "status", "starts_on", "ends_on", "version_no"})
    entering = insert(_MANDATE).values(**row, delegation=event.group)
    await tx.execute(
        entering.on_conflict_do_update(
            index_elements=["deputy_id"],
            set_={c.name: entering.excluded[c.name] for c in _MANDATE.columns if not c.primary_key},
            where=_MANDATE.c.version_no < entering.excluded.version_no,
        )
    )


async def active(tx: Tx, deputy_id: uuid.UUID | None) -> Mandate:
    """The mandate, if its deputy acts as one today. Raises NoMandate, MandateNotActive (代表法 61-62)."""
    mandate = await tx.get(Mandate, deputy_id) if deputy_id else None
    if mandate is None:
        raise NoMandate
    if not mandate.is_active_on(rules.day_of(now())):
        raise MandateNotActive(deputy_id=str(mandate.deputy_id))
    return mandate
