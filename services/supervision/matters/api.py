"""The list of matters to supervise (督办)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import col

from services.supervision.matters.models import DissatisfiedMatter
from shared.http import InTx, Page, Paging, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["matters"])


class MatterOut(BaseModel):
    """A case that somebody was dissatisfied with. `case_id` is routing's; its content is routing's to show."""

    case_id: uuid.UUID
    department: str
    round: int
    status: Literal["open", "closed"]
    opened_at: datetime | None
    closed_at: datetime | None


@router.get("/matters")
async def matters(
    tx: InTx, caller: Annotated[Caller, requires("case.read")], paging: Paging, status: Literal["open", "closed"] = "open"
) -> Page[MatterOut]:
    """Matters by status, those of the newest cases first."""
    page = select(DissatisfiedMatter).where(col(DissatisfiedMatter.status) == status)
    if after := paging.after(uuid.UUID):
        page = page.where(col(DissatisfiedMatter.case_id) < after[0])
    rows = (await tx.scalars(page.order_by(col(DissatisfiedMatter.case_id).desc()).limit(paging.limit + 1))).all()
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.case_id,))
    return Page(items=[MatterOut.model_validate(row.model_dump()) for row in items], next_cursor=cursor)
