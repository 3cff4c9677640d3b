"""The organisations that directory tells of: kept by version, so that what is heard late or twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.routing import rules
from services.routing.errors import LeadIsCoHandler, UnknownOrganisation
from services.routing.models import OrganisationVersion
from shared.db import Tx
from shared.events.directory import OrganisationChanged


async def keep(tx: Tx, event: OrganisationChanged) -> None:
    """Adds a version of an organisation, unless it is known."""
    row = {
        "organisation": event.organisation,
        "version_no": event.version_no,
        "name": event.name,
        "kind": event.kind,
        "region": event.region,
        "active": event.active,
        "since": event.occurred_at,
    }
    await tx.execute(insert(OrganisationVersion).values(row).on_conflict_do_nothing())


_VERSIONS = """
    SELECT organisation, active, since FROM organisation_version WHERE organisation = ANY($1) ORDER BY organisation, version_no
    """


async def serving(tx: Tx, organisations: Iterable[str]) -> dict[str, datetime]:
    """Organisation → up to which moment it takes what arises (`rules.serves_until`); those that never took anything are missing."""
    wanted = sorted(set(organisations))
    if not wanted:
        return {}
    rows = await tx.run(_VERSIONS, wanted)
    ends = {name: rules.serves_until([(active, since) for _, active, since in found]) for name, found in groupby(rows, key=lambda r: r[0])}
    return {name: end for name, end in ends.items() if end is not None}


async def known(tx: Tx) -> Sequence[str]:
    """The ids of all organisations that were ever told of."""
    return (await tx.execute(select(col(OrganisationVersion.organisation)).distinct())).scalars().all()


async def check_active(tx: Tx, lead: str, co_handlers: list[str]) -> None:
    """Passes when all are organisations that are active now. Raises UnknownOrganisation or LeadIsCoHandler."""
    if lead in co_handlers:
        raise LeadIsCoHandler(where="co_handlers")
    active = {name for name, end in (await serving(tx, [lead, *co_handlers])).items() if end == rules.FOREVER}
    for place, named in (("lead", [lead]), ("co_handlers", co_handlers)):
        for organisation in named:
            if organisation not in active:
                raise UnknownOrganisation(where=place, organisation=organisation)
