"""What may be read of pre-assignments: the desk by case, a unit its own."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, tuple_
from sqlmodel import col

from services.routing.models import Case
from services.routing.pre_assignments.errors import PreAssignmentNotFound
from services.routing.pre_assignments.models import PreAssignment
from services.routing.queries import EVERYWHERE
from shared.db import Tx
from shared.http import PageQuery
from shared.identity import Caller


class Listed(NamedTuple):
    """A pre-assignment with its case."""

    asked: PreAssignment
    case: Case


def _with_case() -> Any:
    # Read anew: verbs change these rows by statements of their own.
    found = select(PreAssignment, Case).join(Case, col(Case.id) == col(PreAssignment.case_id))
    return found.execution_options(populate_existing=True)


async def of_case(tx: Tx, case_id: uuid.UUID) -> Sequence[Listed]:
    """All that were ever made for a case, the newest first and its lead before the others."""
    order = (col(PreAssignment.asked_at).desc(), col(PreAssignment.part).desc(), col(PreAssignment.organisation))
    return [Listed(*row) for row in await tx.execute(_with_case().where(col(PreAssignment.case_id) == case_id).order_by(*order))]


async def open_of_case(tx: Tx, case_id: uuid.UUID) -> list[PreAssignment]:
    """Those that are not over, locked, in the order in which the units were named."""
    found = select(PreAssignment).where(
        col(PreAssignment.case_id) == case_id, col(PreAssignment.state).in_(("asked", "confirmed", "objected"))
    )
    return list(await tx.scalars(found.order_by(col(PreAssignment.id)).with_for_update()))


async def own(tx: Tx, organisation: str | None, page: PageQuery) -> Sequence[Listed]:
    """Up to `limit + 1` of a unit, the newest first. Raises CursorNotReadable."""
    found = _with_case().where(col(PreAssignment.organisation) == organisation)
    after = page.after(datetime, uuid.UUID)
    if after is not None:
        found = found.where(tuple_(col(PreAssignment.asked_at), col(PreAssignment.id)) < tuple_(*after))
    found = found.order_by(col(PreAssignment.asked_at).desc(), col(PreAssignment.id).desc())
    return [Listed(*row) for row in await tx.execute(found.limit(page.limit + 1))]


async def one(tx: Tx, caller: Caller, pre_assignment_id: uuid.UUID) -> Listed:
    """A unit's own, or any of the desk's region. Raises PreAssignmentNotFound."""
    found = (await tx.execute(_with_case().where(col(PreAssignment.id) == pre_assignment_id))).first()
    if found is None:
        raise PreAssignmentNotFound
    asked, case = found
    seen = caller.sees_region(case.region) if caller.may(EVERYWHERE) else asked.organisation == caller.organisation
    if not seen:
        raise PreAssignmentNotFound
    return Listed(asked, case)
