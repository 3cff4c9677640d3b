"""Keeps the projections of directory's master data. The newest version wins, in whatever order versions come."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert

from services.supervision.models import Mandate, Organisation
from shared.db import Tx
from shared.events.directory import MandateChanged, OrganisationChanged


async def note_organisation(tx: Tx, event: OrganisationChanged) -> None:
    """Keeps the organisation's newest name and validity."""
    await _keep_newest(tx, Organisation, organisation=event.organisation, name=event.name, active=event.active, version_no=event.version_no)


async def note_mandate(tx: Tx, event: MandateChanged) -> None:
    """Keeps the mandate's newest state."""
    await _keep_newest(
        tx,
        Mandate,
        deputy_id=event.deputy_id,
        name=event.name,
        status=event.status,
        starts_on=event.starts_on,
        ends_on=event.ends_on,
        version_no=event.version_no,
    )


async def _keep_newest(tx: Tx, model: type[Organisation] | type[Mandate], **values: Any) -> None:
    table: Table = model.__table__  # type: ignore[union-attr]
    entering = insert(table).values(**values)
    await tx.execute(
        entering.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={name: entering.excluded[name] for name in values},
            where=entering.excluded.version_no > table.c.version_no,
        )
    )
