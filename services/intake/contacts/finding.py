"""Find my deputy (找代表): who represents a place, where they sit, and when they may be met. All of it is public (代表法 58)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import get_args

from sqlalchemy import func, or_, select, text
from sqlmodel import col

from services.intake.appointments.models import Booking, Slot
from services.intake.contacts.errors import PlaceUnknown
from services.intake.models import Deputy, Region, Station
from services.intake.receptions.models import Attendance, Reception
from shared.db import Tx
from shared.events.directory import MandateLevel

_SHOWN = 20
# By descent and not by the beginning of the code: a zone's own id says nothing of where it lies.
_UPWARD = text(
    """
    WITH RECURSIVE up (code, parent, depth) AS (
        SELECT code, parent, 0 FROM region WHERE code = :code
        UNION ALL SELECT r.code, r.parent, up.depth + 1 FROM region r JOIN up ON r.code = up.parent WHERE up.depth < 8
    ) SELECT code, depth FROM up
    """
)


@dataclass(frozen=True, slots=True)
class Found:
    """A deputy of a place, with the stations they lead, their next reception and how many slots can be booked."""

    deputy: Deputy
    stations: list[Station]
    next_reception: tuple[uuid.UUID, datetime] | None
    free_slots: int


async def places(tx: Tx, wanted: str) -> list[Region]:
    """The places of that code, or whose name holds what was typed, the shortest names first. Raises PlaceUnknown."""
    named = or_(col(Region.code) == wanted, col(Region.name).contains(wanted, autoescape=True))
    ordered = select(Region).where(named).order_by(col(Region.code) != wanted, func.length(col(Region.name)), col(Region.code))
    found = list(await tx.scalars(ordered.limit(_SHOWN)))
    if not found:
        raise PlaceUnknown(where="place")
    return found[:1] if found[0].code == wanted or found[0].name == wanted else found


async def deputies_of(tx: Tx, place: Region, moment: datetime, today: date) -> list[Found]:
    """The deputies with an active mandate for a place or a region that it lies in, the nearest first."""
    depth: dict[str, int] = dict((await tx.execute(_UPWARD, {"code": place.code})).tuples().all())
    mandates = select(Deputy).where(col(Deputy.region).in_(depth), col(Deputy.status) == "active", col(Deputy.starts_on) <= today)
    mandates = mandates.where(or_(col(Deputy.ends_on).is_(None), col(Deputy.ends_on) >= today))
    levels = tuple(reversed(get_args(MandateLevel)))
    found = sorted(await tx.scalars(mandates), key=lambda d: (depth[d.region], levels.index(d.level), d.name, d.deputy_id))
    ids = [one.deputy_id for one in found]
    stations, receptions, slots = await _stations(tx, ids), await _next_receptions(tx, ids, moment), await _free_slots(tx, ids, moment)
    return [Found(d, stations.get(d.deputy_id, []), receptions.get(d.deputy_id), slots.get(d.deputy_id, 0)) for d in found]


async def _stations(tx: Tx, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Station]]:
    led = select(Station).where(col(Station.lead_deputy_id).in_(ids), col(Station.status).in_(("open", "upgraded")))
    found: dict[uuid.UUID, list[Station]] = {}
    for station in await tx.scalars(led.order_by(col(Station.name))):
        if station.lead_deputy_id is not None:
            found.setdefault(station.lead_deputy_id, []).append(station)
    return found


async def _next_receptions(tx: Tx, ids: Sequence[uuid.UUID], moment: datetime) -> dict[uuid.UUID, tuple[uuid.UUID, datetime]]:
    coming = (
        select(col(Attendance.deputy_id), col(Reception.id), col(Reception.starts_at))
        .join(Reception, col(Reception.id) == col(Attendance.reception_id))
        .where(
            col(Attendance.deputy_id).in_(ids),
            col(Attendance.presence).in_(("expected", "present")),
            col(Reception.state) == "planned",
            col(Reception.ends_at) > moment,
        )
        .distinct(col(Attendance.deputy_id))
        .order_by(col(Attendance.deputy_id), col(Reception.starts_at), col(Reception.id))
    )
    return {deputy_id: (reception_id, starts_at) for deputy_id, reception_id, starts_at in await tx.execute(coming)}


async def _free_slots(tx: Tx, ids: Sequence[uuid.UUID], moment: datetime) -> dict[uuid.UUID, int]:
    taken = select(Booking).where(col(Booking.slot_id) == col(Slot.id), col(Booking.state) != "cancelled").exists()
    free = (
        select(col(Slot.deputy_id), func.count())
        .where(col(Slot.deputy_id).in_(ids), col(Slot.starts_at) > moment, col(Slot.withdrawn_at).is_(None), ~taken)
        .group_by(col(Slot.deputy_id))
    )
    return dict((await tx.execute(free.where(col(Slot.deputy_id).is_not(None)))).tuples().all())  # type: ignore[arg-type]
