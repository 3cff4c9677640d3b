"""Where a caller may write: inside the own region's subtree."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from services.directory.errors import DeputyUnknown, OrganisationNotActive, OrganisationUnknown, OutsideYourRegion, RegionUnknown
from services.directory.models import Mandate, Organisation, Region
from shared.db import Tx
from shared.identity import Caller


async def region_of(tx: Tx, code: str, caller: Caller, where: str = "region") -> Region:
    """A region in which the caller may write. Raises RegionUnknown or OutsideYourRegion."""
    region = await tx.get(Region, code)
    if region is None:
        raise RegionUnknown(where=where, region=code)
    check_inside(region.code, caller, where)
    return region


def check_inside(code: str, caller: Caller, where: str = "region") -> None:
    """Raises OutsideYourRegion unless the region lies in the caller's subtree."""
    if not caller.sees_region(code):
        raise OutsideYourRegion(where=where)


async def organisation_of(tx: Tx, organisation: str) -> Organisation:
    """An organisation that may be acted for. Raises OrganisationUnknown or OrganisationNotActive."""
    row = await tx.get(Organisation, organisation)
    if row is None:
        raise OrganisationUnknown(where="organisation", organisation=organisation)
    if not row.active:
        raise OrganisationNotActive(where="organisation", organisation=organisation)
    return row


async def deputy_of(tx: Tx, deputy_id: UUID, where: str = "deputy_id") -> Mandate:
    """A mandate. Raises DeputyUnknown."""
    row = await tx.scalar(select(Mandate).where(col(Mandate.id) == deputy_id))
    if row is None:
        raise DeputyUnknown(where=where)
    return row
