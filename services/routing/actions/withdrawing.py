"""What ends a case before its time: the sender takes the matter back, or is content with a deputy's own answer."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from sqlalchemy import select, update
from sqlmodel import col

from services.routing.actions.steps import RESIDENT, step, tell
from services.routing.models import Case, Part
from shared.consumers import Early
from shared.db import Tx
from shared.events import derived_id
from shared.events.routing import AssignmentWithdrawn
from shared.outbox import emit


async def withdraw(tx: Tx, opinion_id: uuid.UUID, at: datetime, reason: Literal["by_sender", "answered_by_rep"]) -> None:
    """Ends the case and tells its departments; one that is over already stays as it is. Raises Early for a case not there yet."""
    case = (await tx.execute(select(Case).where(col(Case.id) == derived_id(opinion_id, "case")).with_for_update())).scalar_one_or_none()
    if case is None:
        raise Early("case", opinion_id)
    if case.status in ("closed", "withdrawn"):
        return
    had = update(Part).where(col(Part.case_id) == case.id, col(Part.current)).values(current=False).returning(col(Part.organisation))
    organisations = sorted(set((await tx.execute(had)).scalars()))
    move = step(tx, case, "withdraw", RESIDENT, at, note=reason)
    tell(tx, case, move.event, reason=reason)
    for organisation in organisations:
        gone = AssignmentWithdrawn(case_id=case.id, number=case.number, organisation=organisation, round=case.round)
        emit(tx, gone, audience=organisation)
