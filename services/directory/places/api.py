"""Doors to regions, organisations and stations. Reading is open: it is the public map of the place."""

from __future__ import annotations

from typing import Annotated, Self, cast
from uuid import UUID

from fastapi import Path, Query
from pydantic import BaseModel, Field
from sqlmodel import col

from services.directory.lists import equal, inside, page
from services.directory.models import Organisation, Region, Station
from services.directory.places import actions
from services.directory.places.actions import OrganisationFields, RegionFields, StationFields
from services.directory.places.rules import OrganisationKind, StationStatus
from shared.errors import NotFound
from shared.events.directory import RegionKind, StationKind
from shared.http import IfMatch, InTx, Page, Paging, RequestModel, service_router
from shared.identity import Caller, public, requires

router = service_router(tags=["places"])

Anyone = Annotated[Caller | None, public()]
Writer = Annotated[Caller, requires("master.write")]
RegionCode = Annotated[str, Path(max_length=20)]
OrganisationId = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


class RegionIn(RequestModel):
    """A region as the system administrator enters it."""

    name: str = Field(min_length=1, max_length=60)
    kind: RegionKind
    parent: str | None = Field(default=None, max_length=20)


class RegionOut(BaseModel):
    """A region."""

    code: str
    name: str
    kind: RegionKind
    parent: str | None
    version: int

    @classmethod
    def of(cls, row: Region) -> Self:
        return cls(code=row.code, name=row.name, kind=cast(RegionKind, row.kind), parent=row.parent, version=row.version_no)


class OrganisationIn(RequestModel):
    """An organisation as the system administrator enters it."""

    name: str = Field(min_length=1, max_length=60)
    kind: OrganisationKind
    region: str = Field(max_length=20)
    active: bool = True


class OrganisationOut(BaseModel):
    """An organisation; `id` is the audience of what is addressed to it."""

    id: str
    name: str
    kind: OrganisationKind
    region: str
    active: bool
    version: int

    @classmethod
    def of(cls, row: Organisation) -> Self:
        return cls(
            id=row.organisation,
            name=row.name,
            kind=cast(OrganisationKind, row.kind),
            region=row.region,
            active=row.active,
            version=row.version_no,
        )


class StationIn(RequestModel):
    """A station as the system administrator enters it."""

    name: str = Field(min_length=1, max_length=60)
    kind: StationKind
    region: str = Field(max_length=20)
    lead_deputy_id: UUID | None = None
    address: str = Field(default="", max_length=120)
    opening_hours: str = Field(default="", max_length=120)
    brand: str = Field(default="", max_length=60)
    status: StationStatus = "open"

    def fields(self) -> StationFields:
        return StationFields(**self.model_dump())


class StationOut(BaseModel):
    """A station."""

    id: UUID
    name: str
    kind: StationKind
    region: str
    lead_deputy_id: UUID | None
    address: str
    opening_hours: str
    brand: str
    status: StationStatus
    version: int

    @classmethod
    def of(cls, row: Station) -> Self:
        return cls.model_validate({**row.model_dump(), "version": row.version_no})


@router.get("/regions")
async def regions(
    tx: InTx, paging: Paging, caller: Anyone, parent: Annotated[str | None, Query(max_length=20)] = None, kind: RegionKind | None = None
) -> Page[RegionOut]:
    """Regions in the order of their codes; with `parent`, what lies directly in it."""
    conditions = equal(col(Region.parent), parent), equal(col(Region.kind), kind)
    rows, cursor = await page(tx, Region, {"code": str}, paging, *conditions)
    return Page(items=[RegionOut.of(row) for row in rows], next_cursor=cursor)


@router.get("/regions/{code}")
async def region(code: RegionCode, tx: InTx, caller: Anyone) -> RegionOut:
    """One region."""
    row = await tx.get(Region, code)
    if row is None:
        raise NotFound(where="code")
    return RegionOut.of(row)


@router.put("/regions/{code}")
async def put_region(code: RegionCode, body: RegionIn, tx: InTx, version: IfMatch, caller: Writer) -> RegionOut:
    """Enters a region (`If-Match: 0`) or changes it."""
    return RegionOut.of(await actions.put_region(tx, RegionFields(code=code, **body.model_dump()), caller, version))


@router.get("/organisations")
async def organisations(
    tx: InTx, paging: Paging, caller: Anyone, kind: OrganisationKind | None = None, active: bool | None = None
) -> Page[OrganisationOut]:
    """Organisations in the order of their ids."""
    conditions = equal(col(Organisation.kind), kind), equal(col(Organisation.active), active)
    rows, cursor = await page(tx, Organisation, {"organisation": str}, paging, *conditions)
    return Page(items=[OrganisationOut.of(row) for row in rows], next_cursor=cursor)


@router.get("/organisations/{organisation}")
async def organisation(organisation: OrganisationId, tx: InTx, caller: Anyone) -> OrganisationOut:
    """One organisation."""
    row = await tx.get(Organisation, organisation)
    if row is None:
        raise NotFound(where="organisation")
    return OrganisationOut.of(row)


@router.put("/organisations/{organisation}")
async def put_organisation(
    organisation: OrganisationId, body: OrganisationIn, tx: InTx, version: IfMatch, caller: Writer
) -> OrganisationOut:
    """Enters an organisation (`If-Match: 0`) or changes it."""
    fields = OrganisationFields(organisation=organisation, **body.model_dump())
    return OrganisationOut.of(await actions.put_organisation(tx, fields, caller, version))


@router.get("/stations")
async def stations(
    tx: InTx, paging: Paging, caller: Anyone, region: Annotated[str | None, Query(max_length=20)] = None, kind: StationKind | None = None
) -> Page[StationOut]:
    """Stations in the order of region and name; with `region`, those in its subtree."""
    conditions = inside(col(Station.region), region), equal(col(Station.kind), kind)
    rows, cursor = await page(tx, Station, {"region": str, "name": str}, paging, *conditions)
    return Page(items=[StationOut.of(row) for row in rows], next_cursor=cursor)


@router.get("/stations/{station_id}")
async def station(station_id: UUID, tx: InTx, caller: Anyone) -> StationOut:
    """One station."""
    row = await tx.get(Station, station_id)
    if row is None:
        raise NotFound(where="station_id")
    return StationOut.of(row)


@router.post("/stations", status_code=201)
async def enter_station(body: StationIn, tx: InTx, caller: Writer) -> StationOut:
    """Enters a station."""
    return StationOut.of(await actions.enter_station(tx, body.fields(), caller))


@router.put("/stations/{station_id}")
async def change_station(station_id: UUID, body: StationIn, tx: InTx, version: IfMatch, caller: Writer) -> StationOut:
    """Changes a station; closing it ends its codes."""
    return StationOut.of(await actions.change_station(tx, station_id, body.fields(), caller, version))
