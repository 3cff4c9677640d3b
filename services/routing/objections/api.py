"""The desk's door for an objection that it does not follow."""

from __future__ import annotations

import uuid
from typing import Annotated

from pydantic import Field

from services.routing import rules
from services.routing.api import CaseOut, whole
from services.routing.objections import actions
from shared.http import IfMatch, InTx, RequestModel, service_router
from shared.identity import Caller, requires

router = service_router(tags=["objections"])


class UpholdIn(RequestModel):
    """Why the hand-over stands."""

    reason: str = Field(min_length=1, max_length=2000)


@router.post("/cases/{case_id}/uphold")
async def uphold(
    case_id: uuid.UUID, body: UpholdIn, tx: InTx, version: IfMatch, caller: Annotated[Caller, requires(rules.permission_of("uphold"))]
) -> CaseOut:
    """Upholds a hand-over that the department objected to (维持交办): it goes on and may not object to it again."""
    return await whole(tx, await actions.uphold(tx, case_id, caller, version, body.reason))
