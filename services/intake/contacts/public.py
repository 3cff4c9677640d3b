"""The public's door: find my deputy (找代表)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from services.intake.civil import day_of
from services.intake.contacts import finding
from shared.clock import now
from shared.http import InTx, service_router
from shared.identity import Caller, public

router = service_router(tags=["contacts"])


class RegionOut(BaseModel):
    """A place that fits what was typed."""

    code: str
    name: str


class StationOut(BaseModel):
    """A station that the deputy leads."""

    station_id: uuid.UUID
    name: str


class NextOut(BaseModel):
    """The deputy's next reception."""

    reception_id: uuid.UUID
    starts_at: datetime


class DeputyOut(BaseModel):
    """A deputy of the place, and where and when to meet them."""

    deputy_id: uuid.UUID
    name: str
    level: str
    region: str
    group: str
    stations: list[StationOut]
    next_reception: NextOut | None
    free_slots: int


class FoundOut(BaseModel):
    """Where several places fit, choose one of `places` and ask again by its code: `deputies` is empty then."""

    places: list[RegionOut]
    deputies: list[DeputyOut]


@router.get("/public/deputies")
async def find_my_deputy(
    tx: InTx, caller: Annotated[Caller | None, public()], place: Annotated[str, Query(min_length=2, max_length=40)]
) -> FoundOut:
    """The deputies of a place, by its name or code, the nearest first."""
    places = await finding.places(tx, place.strip())
    moment = now()
    found = await finding.deputies_of(tx, places[0], moment, day_of(moment)) if len(places) == 1 else []
    return FoundOut(places=[RegionOut(code=one.code, name=one.name) for one in places], deputies=[_deputy(one) for one in found])


def _deputy(found: finding.Found) -> DeputyOut:
    coming = found.next_reception
    return DeputyOut(
        **found.deputy.model_dump(include={"deputy_id", "name", "level", "region", "group"}),
        stations=[StationOut(station_id=one.station_id, name=one.name) for one in found.stations],
        next_reception=NextOut(reception_id=coming[0], starts_at=coming[1]) if coming else None,
        free_slots=found.free_slots,
    )
