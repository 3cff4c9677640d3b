"""Who and where, as directory told: the stations and deputies that a request may name."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlmodel import col

from services.intake.errors import DeputyUnknown, MandateNotActive, NotADeputy, RegionOutOfReach, StationUnknown
from services.intake.models import Deputy, Station
from shared.db import Tx
from shared.identity import Caller


def check_region(caller: Caller, region: str) -> None:
    """Passes when the region lies in the caller's. Raises RegionOutOfReach."""
    if not caller.sees_region(region):
        raise RegionOutOfReach(where="region")


async def open_station(tx: Tx, caller: Caller, station_id: uuid.UUID) -> Station:
    """A station in the caller's region that is open. Raises StationUnknown, RegionOutOfReach."""
    station = await tx.get(Station, station_id)
    if station is None or station.status not in ("open", "upgraded"):
        raise StationUnknown(where="station_id")
    check_region(caller, station.region)
    return station


async def active_deputies(tx: Tx, ids: Iterable[uuid.UUID], day: date) -> list[Deputy]:
    """These deputies, each with a mandate active on that day. Raises DeputyUnknown, MandateNotActive."""
    wanted = set(ids)
    found = list(await tx.scalars(select(Deputy).where(col(Deputy.deputy_id).in_(wanted)).order_by(col(Deputy.deputy_id))))
    if missing := wanted - {one.deputy_id for one in found}:
        raise DeputyUnknown(deputy_id=str(min(missing)), where="deputies")
    for one in found:
        if not one.is_active_on(day):
            raise MandateNotActive(deputy_id=str(one.deputy_id), where="deputies")
    return found


async def own_mandate(tx: Tx, caller: Caller, day: date) -> Deputy:
    """The caller's mandate, active on that day (代表法 61-62). Raises NotADeputy, MandateNotActive."""
    mandate = await tx.get(Deputy, caller.deputy_id) if caller.deputy_id else None
    if mandate is None:
        raise NotADeputy()
    if not mandate.is_active_on(day):
        raise MandateNotActive(deputy_id=str(mandate.deputy_id))
    return mandate
