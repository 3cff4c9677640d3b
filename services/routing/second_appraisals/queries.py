"""Reads of second appraisals: the desk those of its region, a deputy those it has a seat in."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, tuple_
from sqlmodel import col

from services.routing.queries import EVERYWHERE
from services.routing.second_appraisals.errors import AppraisalNotFound
from services.routing.second_appraisals.models import Seat, SecondAppraisal
from services.routing.second_appraisals.rules import State
from shared.db import Tx
from shared.http import PageQuery
from shared.identity import Caller


def _within(caller: Caller) -> ColumnElement[bool]:
    if caller.may(EVERYWHERE):
        return col(SecondAppraisal.region).startswith(caller.region, autoescape=True)
    mine = select(col(Seat.appraisal_id)).where(col(Seat.deputy_id) == caller.deputy_id)
    return col(SecondAppraisal.id).in_(mine)


async def find(tx: Tx, caller: Caller, appraisal_id: uuid.UUID, *, lock: bool = False) -> SecondAppraisal:
    """The appraisal if the caller may see it. Raises AppraisalNotFound."""
    wanted = select(SecondAppraisal).where(col(SecondAppraisal.id) == appraisal_id, _within(caller))
    found = await tx.scalar(wanted.with_for_update().execution_options(populate_existing=True) if lock else wanted)
    if found is None:
        raise AppraisalNotFound
    return found


async def running_of(tx: Tx, case_id: uuid.UUID) -> SecondAppraisal | None:
    """The appraisal of a case that has not ended."""
    wanted = select(SecondAppraisal).where(col(SecondAppraisal.case_id) == case_id, col(SecondAppraisal.state) == "open")
    found: SecondAppraisal | None = await tx.scalar(wanted)
    return found


async def seats_of(tx: Tx, appraisal_id: uuid.UUID) -> Sequence[Seat]:
    """The seats of a group, by their numbers."""
    return list(await tx.scalars(select(Seat).where(col(Seat.appraisal_id) == appraisal_id).order_by(col(Seat.seat))))


async def list_appraisals(
    tx: Tx, caller: Caller, state: State | None, case_id: uuid.UUID | None, page: PageQuery
) -> Sequence[SecondAppraisal]:
    """Up to `limit + 1` appraisals, the newest first. Raises CursorNotReadable."""
    query = select(SecondAppraisal).where(_within(caller))
    if state is not None:
        query = query.where(col(SecondAppraisal.state) == state)
    if case_id is not None:
        query = query.where(col(SecondAppraisal.case_id) == case_id)
    if (after := page.after(datetime, uuid.UUID)) is not None:
        query = query.where(tuple_(col(SecondAppraisal.opened_at), col(SecondAppraisal.id)) < tuple_(*after))
    query = query.order_by(col(SecondAppraisal.opened_at).desc(), col(SecondAppraisal.id).desc())
    return list(await tx.scalars(query.limit(page.limit + 1)))
