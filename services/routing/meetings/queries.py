"""Reads of meetings: all of the region for who reads all cases, else those to which one's organisation was called."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlmodel import col

from services.routing.meetings.errors import MeetingNotFound
from services.routing.meetings.models import Meeting, MeetingCase, MeetingUnit
from services.routing.promises.models import Promise
from services.routing.queries import EVERYWHERE
from shared.db import Tx
from shared.http import PageQuery
from shared.identity import Caller


def _within(caller: Caller) -> ColumnElement[bool]:
    if caller.may(EVERYWHERE):
        return col(Meeting.region).startswith(caller.region, autoescape=True)
    called = select(MeetingUnit).where(col(MeetingUnit.meeting_id) == col(Meeting.id), col(MeetingUnit.organisation) == caller.organisation)
    return called.exists()


async def find(tx: Tx, caller: Caller, meeting_id: uuid.UUID, *, lock: bool = False) -> Meeting:
    """The meeting if the caller may see it. Raises MeetingNotFound."""
    wanted = select(Meeting).where(col(Meeting.id) == meeting_id, _within(caller))
    found = await tx.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise MeetingNotFound
    return found


async def list_meetings(tx: Tx, caller: Caller, page: PageQuery, kind: str | None, year: int | None) -> Sequence[Meeting]:
    """Up to `limit + 1` meetings, the newest first. Raises CursorNotReadable."""
    query = select(Meeting).where(_within(caller))
    if kind is not None:
        query = query.where(col(Meeting.type) == kind)
    if year is not None:
        query = query.where(col(Meeting.held_on) >= date(year, 1, 1), col(Meeting.held_on) < date(year + 1, 1, 1))
    if (after := page.after(date, uuid.UUID)) is not None:
        query = query.where(tuple_(col(Meeting.held_on), col(Meeting.id)) < tuple_(*after))
    return list(await tx.scalars(query.order_by(col(Meeting.held_on).desc(), col(Meeting.id).desc()).limit(page.limit + 1)))


async def agenda_of(tx: Tx, meeting_id: uuid.UUID) -> Sequence[MeetingCase]:
    """The agenda in its order."""
    wanted = select(MeetingCase).where(col(MeetingCase.meeting_id) == meeting_id).order_by(col(MeetingCase.position))
    return list(await tx.scalars(wanted))


async def units_of(tx: Tx, meeting_id: uuid.UUID) -> Sequence[MeetingUnit]:
    """The units that were called."""
    wanted = select(MeetingUnit).where(col(MeetingUnit.meeting_id) == meeting_id).order_by(col(MeetingUnit.organisation))
    return list(await tx.scalars(wanted))


async def promises_of(tx: Tx, meeting: Meeting, agenda: Sequence[MeetingCase]) -> Sequence[Promise]:
    """What was promised at a meeting."""
    wanted = select(Promise).where(col(Promise.case_id).in_([one.case_id for one in agenda]), col(Promise.meeting_id) == meeting.id)
    return list(await tx.scalars(wanted.order_by(col(Promise.id))))


async def count_held(tx: Tx, caller: Caller, year: int) -> dict[str, int]:
    """Type → meetings held in a year."""
    query = select(col(Meeting.type), func.count()).where(_within(caller), col(Meeting.state) == "held").group_by(col(Meeting.type))
    query = query.where(col(Meeting.held_on) >= date(year, 1, 1), col(Meeting.held_on) < date(year + 1, 1, 1))
    return dict((await tx.execute(query)).tuples().all())
