"""What intake keeps of directory: the newest version of each thing that it needs, and the codes that are valid no longer."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from services.intake.models import Base
from shared.db import Tx
from shared.events import Event
from shared.events.directory import CodeRevoked, MandateChanged, OrganisationChanged, RegionChanged, StationChanged

_TABLES = Base.metadata.tables
_INSERT_REVOKED_CODE = insert(_TABLES["revoked_code"]).on_conflict_do_nothing()


async def learn_revoked(tx: Tx, event: CodeRevoked) -> None:
    """Remembers that a code is valid no longer."""
    await tx.execute(_INSERT_REVOKED_CODE, {"code_id": event.code_id})


async def learn_organisation(tx: Tx, event: OrganisationChanged) -> None:
    """Keeps the newest name of an organisation."""
    await _keep_newest(tx, "organisation", event)


async def learn_station(tx: Tx, event: StationChanged) -> None:
    """Keeps the newest version of a station."""
    await _keep_newest(tx, "station", event)


async def learn_deputy(tx: Tx, event: MandateChanged) -> None:
    """Keeps the newest version of a deputy's mandate."""
    await _keep_newest(tx, "deputy", event)


async def learn_region(tx: Tx, event: RegionChanged) -> None:
    """Keeps the newest version of a region."""
    await _keep_newest(tx, "region", event)


async def _keep_newest(tx: Tx, name: str, event: Event) -> None:
    # The columns of these tables are named as the fields of the events that fill them.
    table = _TABLES[name]
    fresh = insert(table)
    await tx.execute(
        fresh.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={c.name: fresh.excluded[c.name] for c in table.columns if not c.primary_key},
            where=table.c.version_no < fresh.excluded.version_no,
        ),
        {c.name: getattr(event, c.name) for c in table.columns},
    )
