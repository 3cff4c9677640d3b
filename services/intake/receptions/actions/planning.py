"""Planning: single meetings, a year of contact days by one rule, changes, cancelling, and the notice before each."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from services.intake.civil import day_of, moment_of
from services.intake.places import active_deputies, check_region, open_station
from services.intake.receptions import days, queries, rules
from services.intake.receptions.errors import AlreadyPlanned, CalendarUnknown, KindUnknown, PlaceMissing, PlanDiffers
from services.intake.receptions.models import Attendance, Expert, Reception
from services.intake.receptions.settings import Calendar, Kind, ReceptionPolicy
from shared.clock import now
from shared.db import Tx
from shared.events import EVERYONE, new_id
from shared.events.intake_receptions import ReceptionAnnounced, ReceptionCancelled, ReceptionPlanned
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.masking import mask
from shared.outbox import emit
from shared.workdays import official_calendar

_ANNOUNCED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Meeting:
    """What is planned: where, what about, and who sits there."""

    theme: str
    station_id: uuid.UUID | None = None
    place: str | None = None
    region: str | None = None
    partners: tuple[str, ...] = ()
    link: str | None = None
    deputies: tuple[uuid.UUID, ...] = ()
    experts: tuple[tuple[str, str], ...] = ()
    short_notice_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """When, and how the day came about."""

    starts_at: datetime
    ends_at: datetime
    calendar: str | None = None
    by_rule: date | None = None
    provisional: bool = False


def year_plan(policy: ReceptionPolicy, code: str, year: int) -> tuple[Calendar, list[days.PlannedDay]]:
    """A calendar and what it says of a year, by the official calendar of days off. Raises CalendarUnknown."""
    calendar = policy.calendar(code)
    if calendar is None:
        raise CalendarUnknown(calendar=code, where="calendar")
    return calendar, days.plan_year(calendar, year, official_calendar())


async def plan_year(tx: Tx, caller: Caller, code: str, year: int, wanted: Sequence[date], meeting: Meeting) -> list[Reception]:
    """Plans the days of a calendar's year that the clerk has seen and wants: all of them or, when one is refused, none.

    Raises CalendarUnknown, PlanDiffers for a day that the rule does not give, and what `plan` raises.
    """
    calendar, planned = year_plan(tx.policy.receptions, code, year)
    given = {one.on: one for one in planned if one.on is not None}
    made = []
    for day in sorted(set(wanted)):
        if (one := given.get(day)) is None:
            raise PlanDiffers(day=day.isoformat(), where="days")
        moved = one.by_rule if one.by_rule != day else None
        times = Times(moment_of(day, calendar.begins), moment_of(day, calendar.ends), code, moved, one.provisional)
        made.append(await plan(tx, caller, calendar.kind, times, meeting))
    return made


async def plan(tx: Tx, caller: Caller, kind_code: str, times: Times, meeting: Meeting) -> Reception:
    """Plans one meeting and tells it.

    Raises KindUnknown, PlaceMissing, StationUnknown, RegionOutOfReach, AlreadyPlanned, DeputyUnknown, MandateNotActive and
    what the rules on times, notice and features raise.
    """
    policy: ReceptionPolicy = tx.policy.receptions
    kind = _kind(policy, kind_code)
    region = await _region(tx, caller, meeting)
    moment = now()
    rules.check_times(times.starts_at, times.ends_at, moment)
    day = day_of(times.starts_at)
    rules.check_notice(day, day_of(moment), policy.notice_days, meeting.short_notice_reason)
    rules.check_features(kind, link=meeting.link, partners=meeting.partners, experts=len(meeting.experts))
    deputies = await active_deputies(tx, meeting.deputies, day)
    reception = Reception(
        id=new_id(),
        site=tx.site,
        kind=kind.code,
        theme=meeting.theme,
        station_id=meeting.station_id,
        place=meeting.place,
        region=region,
        partners=list(meeting.partners),
        link=meeting.link,
        starts_at=times.starts_at,
        ends_at=times.ends_at,
        calendar=times.calendar,
        by_rule=times.by_rule,
        provisional=times.provisional,
        short_notice_reason=mask(meeting.short_notice_reason) if meeting.short_notice_reason else None,
        profile_version=tx.policy.profile_version,
        entered_by=caller.account_id,
        entered_at=moment,
    )
    inserted = insert(Reception).values(reception.model_dump()).on_conflict_do_nothing().returning(col(Reception.id))
    if await tx.scalar(inserted) is None:
        raise AlreadyPlanned(day=day.isoformat())
    tx.add_all(_expected(reception, one.deputy_id, caller, moment) for one in deputies)
    tx.add_all(Expert(reception_id=reception.id, position=n, name=name, field=field) for n, (name, field) in enumerate(meeting.experts))
    _tell(tx, reception)
    return reception


async def move(
    tx: Tx,
    reception_id: uuid.UUID,
    caller: Caller,
    version: int,
    *,
    starts_at: datetime,
    ends_at: datetime,
    short_notice_reason: str | None,
) -> Reception:
    """Moves a planned meeting to another time; its notice is due anew.

    Raises ReceptionUnknown, StaleVersion, ReceptionIsOver, TimesNotInOrder, NoticeTooShort, AlreadyPlanned, MandateNotActive.
    """
    reception = await queries.reception(tx, reception_id, caller, lock=True)
    check_version(reception.version, version)
    rules.check_planned(reception)
    moment = now()
    rules.check_times(starts_at, ends_at, moment)
    day = day_of(starts_at)
    rules.check_notice(day, day_of(moment), tx.policy.receptions.notice_days, short_notice_reason)
    await active_deputies(tx, [one.deputy_id for one in await queries.attendance(tx, reception_id)], day)
    reception.starts_at, reception.ends_at, reception.announced_at = starts_at, ends_at, None
    reception.short_notice_reason = mask(short_notice_reason) if short_notice_reason else None
    reception.version += 1
    try:
        await tx.flush()
    except IntegrityError as error:
        raise AlreadyPlanned(day=day.isoformat(), where="starts_at") from error
    _tell(tx, reception)
    return reception


async def cancel(tx: Tx, reception_id: uuid.UUID, caller: Caller, version: int, *, reason: str) -> Reception:
    """Cancels a planned meeting with a reason for the public. Raises ReceptionUnknown, StaleVersion, ReceptionIsOver."""
    reception = await queries.reception(tx, reception_id, caller, lock=True)
    check_version(reception.version, version)
    rules.check_planned(reception)
    reception.state, reception.cancelled_because = "cancelled", mask(reason)
    reception.version += 1
    emit(tx, ReceptionCancelled(reception_id=reception.id, kind=reception.kind, region=reception.region), audience=EVERYONE)
    live(tx, "reception", str(reception.id))
    return reception


async def announce_due(tx: Tx, moment: datetime) -> int:
    """Tells the receptions whose notice is due, once each unless moved. Returns how many."""
    # The notice day counts whole: a reception on the 20th with three days' notice is told from the 17th, 0 o'clock in China, on.
    last = moment_of(day_of(moment) + timedelta(days=tx.policy.receptions.notice_days + 1), datetime.min.time())
    due = (
        select(Reception)
        .where(
            col(Reception.announced_at).is_(None),
            col(Reception.state) == "planned",
            col(Reception.starts_at) < last,
            col(Reception.starts_at) > moment,
        )
        .order_by(col(Reception.starts_at), col(Reception.id))
        .limit(_ANNOUNCED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    found = list(await tx.scalars(due))
    for reception in found:
        reception.announced_at = moment
        coming = [a.deputy_id for a in await queries.attendance(tx, reception.id) if a.presence in ("expected", "present")]
        emit(
            tx,
            ReceptionAnnounced(
                reception_id=reception.id,
                kind=reception.kind,
                region=reception.region,
                station_id=reception.station_id,
                starts_at=reception.starts_at,
                deputies=tuple(coming),
            ),
        )
    return len(found)


def _kind(policy: ReceptionPolicy, code: str) -> Kind:
    kind = policy.kind(code)
    if kind is None:
        raise KindUnknown(kind=code, where="kind")
    return kind


async def _region(tx: Tx, caller: Caller, meeting: Meeting) -> str:
    if (meeting.station_id is None) == (meeting.place is None) or (meeting.place is None) != (meeting.region is None):
        raise PlaceMissing(where="place")
    if meeting.station_id is not None:
        return (await open_station(tx, caller, meeting.station_id)).region
    assert meeting.region is not None
    check_region(caller, meeting.region)
    return meeting.region


def _expected(reception: Reception, deputy_id: uuid.UUID, caller: Caller, moment: datetime) -> Attendance:
    return Attendance(
        reception_id=reception.id, deputy_id=deputy_id, presence="expected", recorded_by=caller.account_id, recorded_at=moment
    )


def _tell(tx: Tx, reception: Reception) -> None:
    emit(
        tx,
        ReceptionPlanned(
            reception_id=reception.id,
            kind=reception.kind,
            region=reception.region,
            station_id=reception.station_id,
            partners=tuple(reception.partners),
            starts_at=reception.starts_at,
            ends_at=reception.ends_at,
            version_no=reception.version,
        ),
        audience=EVERYONE,
    )
    live(tx, "reception", str(reception.id))
