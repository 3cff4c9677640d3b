"""What ends a case before its time: the sender takes the matter back, or is content with a deputy's own answer."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from services.routing.actions.held import hold, write
from services.routing.actions.steps import RESIDENT, step, take_parts, tell
from services.routing.promises import actions as promises
from shared.consumers import Early
from shared.db import Tx
from shared.events import derived_id


async def withdraw(tx: Tx, opinion_id: uuid.UUID, at: datetime, reason: Literal["by_sender", "answered_by_rep"]) -> None:
    """Ends the case and tells its departments; one that is over already stays as it is. Raises Early for a case not there yet."""
    held = await hold(tx, derived_id(opinion_id, "case"))
    if held is None:
        raise Early("case", opinion_id)
    case = held.case
    if case.status in ("closed", "withdrawn"):
        return
    move = step(tx, held, "withdraw", RESIDENT, at, note=reason)
    await write(tx, held)
    tell(tx, case, move.event, reason=reason)
    await take_parts(tx, case)
    await promises.withdrawn(tx, case, at)
