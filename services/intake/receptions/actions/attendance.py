"""Attendance: deputies sign in by the station's code, staff enter the others, and concluding makes it final and tells it."""

from __future__ import annotations

import uuid
from typing import cast

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.intake.civil import day_of
from services.intake.contacts.actions import log_meeting
from services.intake.errors import CodeRevoked
from services.intake.models import RevokedCode
from services.intake.places import active_deputies, own_mandate
from services.intake.receptions import queries, rules
from services.intake.receptions.errors import ChannelMissing, CodeOfNoStation, NoReceptionNow, SeveralReceptionsNow, SignedInByCode
from services.intake.receptions.models import Attendance, Reception
from shared.clock import now
from shared.codes import Code
from shared.db import Tx
from shared.events.intake_receptions import AttendanceRecorded, MeetingChannel, Presence, ReceptionConcluded
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.outbox import emit


async def sign_in(tx: Tx, caller: Caller, code: Code, reception_id: uuid.UUID | None) -> tuple[Reception, Attendance]:
    """A deputy signs in to the reception that is held where the code hangs; a second time changes nothing.

    Raises CodeRevoked, CodeOfNoStation, NotADeputy, MandateNotActive, NoReceptionNow, SeveralReceptionsNow, SignInNotOpen.
    """
    if await tx.scalar(select(col(RevokedCode.code_id)).where(col(RevokedCode.code_id) == code.code_id)):
        raise CodeRevoked(where="code")
    if code.kind != "station":
        raise CodeOfNoStation(where="code")
    moment = now()
    deputy = await own_mandate(tx, caller, day_of(moment))
    reception = await _open_here(tx, code.target_id, reception_id)
    row = {
        "reception_id": reception.id,
        "deputy_id": deputy.deputy_id,
        "presence": "present",
        "channel": "onsite",
        "code_id": code.code_id,
        "recorded_by": caller.account_id,
        "recorded_at": moment,
    }
    entering = insert(Attendance).values(row)
    await tx.execute(
        entering.on_conflict_do_update(
            index_elements=["reception_id", "deputy_id"],
            set_={name: entering.excluded[name] for name in row if name not in ("reception_id", "deputy_id")},
            where=col(Attendance.code_id).is_(None),
        )
    )
    live(tx, "reception", str(reception.id))
    return reception, await tx.get_one(Attendance, (reception.id, deputy.deputy_id), populate_existing=True)


async def _open_here(tx: Tx, station_id: uuid.UUID, wanted: uuid.UUID | None) -> Reception:
    moment, before = now(), tx.policy.receptions.sign_in_before_minutes
    here = await queries.planned_around(tx, station_id, moment, before)
    if wanted is not None:
        named = next((one for one in here if one.id == wanted), None)
        if named is None:
            raise NoReceptionNow(where="reception_id")
        here = [named]
    if not here:
        raise NoReceptionNow(where="code")
    if len(here) > 1:
        raise SeveralReceptionsNow(receptions=[str(one.id) for one in here], where="reception_id")
    # A lock that lets other deputies sign in at the same moment, and nobody conclude meanwhile.
    reception = await tx.get_one(Reception, here[0].id, with_for_update={"read": True}, populate_existing=True)
    rules.check_sign_in(reception, moment, before)
    return reception


async def enter(
    tx: Tx, reception_id: uuid.UUID, caller: Caller, deputy_id: uuid.UUID, presence: Presence, channel: MeetingChannel | None
) -> Attendance:
    """Staff enter whether a deputy came, from the beginning on; leave may be entered before.

    Raises ReceptionUnknown, ReceptionIsOver, ReceptionNotBegun, ChannelMissing, DeputyUnknown, MandateNotActive, SignedInByCode.
    """
    reception = await queries.reception(tx, reception_id, caller, lock=True)
    moment = now()
    if presence == "leave":
        rules.check_planned(reception)
    else:
        rules.check_begun(reception, moment)
    if (presence == "present") != (channel is not None):
        raise ChannelMissing(where="channel")
    await active_deputies(tx, [deputy_id], day_of(reception.starts_at))
    found = await tx.get(Attendance, (reception_id, deputy_id))
    if found is None:
        found = Attendance(
            reception_id=reception_id, deputy_id=deputy_id, presence=presence, recorded_by=caller.account_id, recorded_at=moment
        )
        tx.add(found)
    elif found.code_id is not None:
        raise SignedInByCode(deputy_id=str(deputy_id), where="deputy_id")
    found.presence, found.channel, found.recorded_by, found.recorded_at = presence, channel, caller.account_id, moment
    live(tx, "reception", str(reception_id))
    return found


async def conclude(tx: Tx, reception_id: uuid.UUID, caller: Caller, version: int, *, audience: int) -> Reception:
    """Completes the record of a reception: tells each deputy's attendance, and enters it in the contact log.

    Raises ReceptionUnknown, StaleVersion, ReceptionIsOver, ReceptionNotBegun, AttendanceOpen.
    """
    reception = await queries.reception(tx, reception_id, caller, lock=True)
    check_version(reception.version, version)
    moment = now()
    rules.check_begun(reception, moment)
    attended = await queries.attendance(tx, reception_id)
    rules.check_attendance_settled(one.presence for one in attended)
    figures = await queries.figures(tx, [reception_id])
    counted = figures[reception_id]
    reception.state, reception.audience, reception.concluded_at = "held", audience, moment
    reception.version += 1
    day = day_of(reception.starts_at)
    present = [one for one in attended if one.presence == "present"]
    for one in attended:
        _tell_attendance(tx, reception, one)
    kind = tx.policy.receptions.kind(reception.kind)
    measures = kind.measures if kind else ()
    persons = counted.persons + audience
    for one in present:
        await log_meeting(tx, caller, reception.id, one.deputy_id, measures, reception.kind, day, one.channel, persons, reception.region)
    emit(
        tx,
        ReceptionConcluded(
            reception_id=reception.id,
            kind=reception.kind,
            region=reception.region,
            station_id=reception.station_id,
            on=day,
            deputies_present=len(present),
            persons=persons,
            matters=counted.matters,
            declined=counted.declined,
        ),
    )
    live(tx, "reception", str(reception.id))
    return reception


def _tell_attendance(tx: Tx, reception: Reception, one: Attendance) -> None:
    emit(
        tx,
        AttendanceRecorded(
            reception_id=reception.id,
            deputy_id=one.deputy_id,
            kind=reception.kind,
            presence=cast(Presence, one.presence),
            channel=cast(MeetingChannel | None, one.channel),
            by_code=one.code_id is not None,
            on=day_of(reception.starts_at),
        ),
    )
