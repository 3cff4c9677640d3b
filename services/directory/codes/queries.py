"""What a scan page needs to know of a code."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import col

from services.directory.models import Code, Mandate, Person, Region, Station
from services.directory.settings import DirectoryPolicy, Label
from shared.db import Tx
from shared.events.directory import CodeKind, MandateLevel, StationKind


class StationFace(BaseModel):
    """What a passer-by is told of a station."""

    id: UUID
    kind: StationKind
    kind_label: str
    address: str
    opening_hours: str
    brand: str
    lead_deputy: str | None


class DeputyFace(BaseModel):
    """What a passer-by is told of a deputy: what the law has published (代表法 58)."""

    id: UUID
    level: MandateLevel
    level_label: str
    group: str


class FieldOut(BaseModel):
    """A field of the form."""

    name: str
    label: str
    required: bool
    max_length: int


class CodePage(BaseModel):
    """What the page behind a scanned code shows, and where it lives."""

    code_id: UUID
    kind: CodeKind
    target_id: UUID
    name: str
    region: str
    region_name: str
    station: StationFace | None = None
    deputy: DeputyFace | None = None
    fields: list[FieldOut]
    public_url: str


def public_url(tx: Tx, row: Code) -> str:
    """The address that the printed QR code leads to."""
    return f"{tx.settings.public_url.rstrip('/')}/s/{row.text}"


async def page_behind(tx: Tx, row: Code, language: str) -> CodePage:
    """The page of a valid code in `zh` or `en`."""
    policy: DirectoryPolicy = tx.policy
    kind = cast(CodeKind, row.kind)
    region = await tx.get_one(Region, row.region)
    base = CodePage(
        code_id=row.id,
        kind=kind,
        target_id=row.target_id,
        name=row.label or "",
        region=row.region,
        region_name=region.name,
        fields=[
            FieldOut(name=f.name, label=_in(f.label, language), required=f.required, max_length=f.max_length) for f in policy.forms[kind]
        ],
        public_url=public_url(tx, row),
    )
    if kind == "station":
        station = await tx.get_one(Station, row.target_id)
        return base.model_copy(update={"name": station.name, "station": await _station(tx, station, policy, language)})
    if kind == "deputy":
        mandate = await tx.get_one(Mandate, row.target_id)
        level = cast(MandateLevel, mandate.level)
        face = DeputyFace(id=mandate.id, level=level, level_label=_in(policy.level_labels[level], language), group=mandate.group)
        return base.model_copy(update={"name": await _name(tx, mandate.id), "deputy": face})
    return base


async def _station(tx: Tx, row: Station, policy: DirectoryPolicy, language: str) -> StationFace:
    kind = cast(StationKind, row.kind)
    return StationFace(
        id=row.id,
        kind=kind,
        kind_label=_in(policy.station_labels[kind], language),
        address=row.address,
        opening_hours=row.opening_hours,
        brand=row.brand,
        lead_deputy=await _name(tx, row.lead_deputy_id) if row.lead_deputy_id else None,
    )


async def _name(tx: Tx, deputy_id: UUID) -> str:
    found = await tx.scalar(
        select(col(Person.name)).join(Mandate, col(Mandate.person_id) == col(Person.id)).where(col(Mandate.id) == deputy_id)
    )
    return str(found)


def _in(label: Label, language: str) -> str:
    return label.en if language == "en" else label.zh
