"""What becomes of a pre-assignment when its case is handed over or ends."""

from __future__ import annotations

from collections.abc import Collection

from services.routing.models import CaseState
from shared.db import Tx
from shared.events.routing_assigning import PreAssignmentEnded
from shared.outbox import emit

_END = """
    UPDATE pre_assignment SET state = CASE WHEN organisation = ANY($2) THEN 'used' ELSE 'ended' END
    WHERE case_id = $1 AND state IN ('asked', 'confirmed', 'objected') RETURNING id, organisation, state
    """


async def end_pre_assignment(tx: Tx, case: CaseState, handlers: Collection[str] = ()) -> None:
    """Ends what units were asked about a case. Who gets no part in it is told so; `handlers` do and hear of that."""
    for row in await tx.run(_END, case.id, list(handlers)):
        if row["state"] == "ended":
            told = PreAssignmentEnded(pre_assignment_id=row["id"], case_id=case.id, number=case.number, organisation=row["organisation"])
            emit(tx, told, audience=row["organisation"])
