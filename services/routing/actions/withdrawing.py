"""What ends a case before its time: the sender takes the matter back, or is content with a deputy's own answer."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from services.routing.actions.held import Held, hold, write
from services.routing.actions.pre_assigned import end_pre_assignment
from services.routing.actions.steps import RESIDENT, step, take_parts, tell
from services.routing.actions.together import parts_of, separate_from, together
from services.routing.promises import actions as promises
from shared.consumers import Early
from shared.db import Tx
from shared.events import derived_id

Reason = Literal["by_sender", "answered_by_rep"]


async def withdraw(tx: Tx, opinion_id: uuid.UUID, at: datetime, reason: Reason) -> None:
    """Ends the case and tells its departments; one that is over already stays as it is. Raises Early for a case not there yet."""
    held = await hold(tx, derived_id(opinion_id, "case"))
    if held is None:
        raise Early("case", opinion_id)
    if held.case.status in ("closed", "withdrawn"):
        return
    for one in (held, *await parts_of(tx, held)):
        await _end(tx, one, at, reason)


async def _end(tx: Tx, held: Held, at: datetime, reason: Reason) -> None:
    case = held.case
    waiting = case.status == "to_assign"
    others = (await together(tx, held))[1:] if case.handled_with == case.id else []
    move = step(tx, held, "withdraw", RESIDENT, at, note=reason)
    case.handled_with = None
    await write(tx, held)
    tell(tx, case, move.event, reason=reason)
    await take_parts(tx, case)
    if waiting:
        await end_pre_assignment(tx, case)
    for one in others:
        await separate_from(tx, one, case.id, RESIDENT, at, "head_withdrawn")
    await promises.withdrawn(tx, case, at)
