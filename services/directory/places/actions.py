"""Verbs on regions, organisations and stations. Each raises before it writes; each change is told with the new version."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import cast
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from services.directory.codes.ending import end_codes_of
from services.directory.errors import RegionUnknown, StationNameTaken
from services.directory.locks import alone
from services.directory.models import Organisation, Region, Station
from services.directory.places import rules
from services.directory.places.rules import OrganisationKind, StationStatus
from services.directory.scope import check_inside, deputy_of, region_of
from shared.db import Tx
from shared.errors import NotFound
from shared.events.base import new_id
from shared.events.directory import OrganisationChanged, RegionChanged, RegionKind, StationChanged, StationKind
from shared.http import check_version
from shared.identity import Caller
from shared.outbox import emit


@dataclass(frozen=True, slots=True)
class RegionFields:
    """What is known of a region."""

    code: str
    name: str
    kind: RegionKind
    parent: str | None


@dataclass(frozen=True, slots=True)
class OrganisationFields:
    """What is known of an organisation."""

    organisation: str
    name: str
    kind: OrganisationKind
    region: str
    active: bool


@dataclass(frozen=True, slots=True)
class StationFields:
    """What is known of a station."""

    name: str
    kind: StationKind
    region: str
    lead_deputy_id: UUID | None
    address: str
    opening_hours: str
    brand: str
    status: StationStatus


async def put_region(tx: Tx, fields: RegionFields, caller: Caller, version: int | None) -> Region:
    """Enters a region (`version` 0) or changes it (its version; None: whatever it is).

    Raises StaleVersion, RegionUnknown, RegionCodeNotValid or OutsideYourRegion.
    """
    await alone(tx, "master")
    row = await tx.get(Region, fields.code)
    if version is not None:
        check_version(row.version_no if row else 0, version)
    check_inside(fields.code, caller, "code")
    parent = None if fields.parent is None else await tx.get(Region, fields.parent)
    if fields.parent is not None and parent is None:
        raise RegionUnknown(where="parent", region=fields.parent)
    rules.check_region(fields.code, fields.kind, (parent.code, cast(RegionKind, parent.kind)) if parent else None, tx.site)
    if row is None:
        row = Region(**asdict(fields), version_no=1)
        tx.add(row)
    elif not _update(row, fields):
        return row
    await tx.flush()
    emit(tx, RegionChanged(**asdict(fields), version_no=row.version_no))
    return row


async def put_organisation(tx: Tx, fields: OrganisationFields, caller: Caller, version: int | None) -> Organisation:
    """Enters an organisation (`version` 0) or changes it. Raises StaleVersion, RegionUnknown or OutsideYourRegion."""
    await alone(tx, "master")
    row = await tx.get(Organisation, fields.organisation)
    if version is not None:
        check_version(row.version_no if row else 0, version)
    await region_of(tx, fields.region, caller)
    if row is None:
        row = Organisation(**asdict(fields), version_no=1)
        tx.add(row)
    else:
        check_inside(row.region, caller)
        if not _update(row, fields):
            return row
    await tx.flush()
    emit(tx, OrganisationChanged(**asdict(fields), version_no=row.version_no))
    return row


async def enter_station(tx: Tx, fields: StationFields, caller: Caller) -> Station:
    """Enters a station. Raises RegionUnknown, OutsideYourRegion, DeputyUnknown or StationNameTaken."""
    await alone(tx, "master")
    await _check_station(tx, fields, caller)
    if await station_named(tx, fields.region, fields.name) is not None:
        raise StationNameTaken(where="name")
    row = Station(id=new_id(), **asdict(fields), version_no=1)
    tx.add(row)
    await tx.flush()
    _tell_station(tx, row)
    return row


async def change_station(tx: Tx, station_id: UUID, fields: StationFields, caller: Caller, version: int | None) -> Station:
    """Changes a station; closing it ends its codes.

    Raises NotFound, StaleVersion, StationStatusForbids, StationNameTaken or what entering raises.
    """
    await alone(tx, "master")
    row = await tx.get(Station, station_id)
    if row is None:
        raise NotFound(where="station_id")
    if version is not None:
        check_version(row.version_no, version)
    check_inside(row.region, caller)
    await _check_station(tx, fields, caller)
    rules.check_station(cast(StationStatus, row.status), fields.status)
    namesake = await station_named(tx, fields.region, fields.name)
    if namesake is not None and namesake.id != row.id:
        raise StationNameTaken(where="name")
    if _update(row, fields):
        await tx.flush()
        _tell_station(tx, row)
        if row.status == "closed":
            await end_codes_of(tx, row.id)
    return row


async def station_named(tx: Tx, region: str, name: str) -> Station | None:
    """The station of that name in a region: its natural key."""
    found: Station | None = await tx.scalar(select(Station).where(col(Station.region) == region, col(Station.name) == name))
    return found


async def _check_station(tx: Tx, fields: StationFields, caller: Caller) -> None:
    await region_of(tx, fields.region, caller)
    if fields.lead_deputy_id is not None:
        await deputy_of(tx, fields.lead_deputy_id, "lead_deputy_id")


def _update(row: Region | Organisation | Station, fields: RegionFields | OrganisationFields | StationFields) -> bool:
    """Writes the fields that differ and counts the version; whether any did."""
    new = {name: value for name, value in asdict(fields).items() if getattr(row, name) != value}
    for name, value in new.items():
        setattr(row, name, value)
    row.version_no += bool(new)
    return bool(new)


def _tell_station(tx: Tx, row: Station) -> None:
    emit(
        tx,
        StationChanged(
            station_id=row.id,
            name=row.name,
            kind=cast(StationKind, row.kind),
            region=row.region,
            lead_deputy_id=row.lead_deputy_id,
            status=cast(StationStatus, row.status),
            version_no=row.version_no,
        ),
    )
