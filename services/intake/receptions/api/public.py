"""The public's doors: when and where deputies receive people, the live meetings, and comments on them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from sqlmodel import col

from services.intake.civil import Moment
from services.intake.receptions import queries
from services.intake.receptions.actions import comments
from services.intake.receptions.api import views
from services.intake.receptions.models import Reception
from shared.clock import now
from shared.http import Blank, InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, public

router = service_router(tags=["receptions"])

Anyone = Annotated[Caller | None, public()]


class CommentIn(RequestModel):
    """A comment on a live meeting."""

    text: str = Field(min_length=1, max_length=500)


class SentOut(BaseModel):
    """A comment was taken; it is shown once staff have looked at it."""

    id: uuid.UUID
    state: str


@router.get("/public/receptions")
async def receptions(
    *,
    tx: InTx,
    lang: Lang,
    caller: Anyone,
    paging: Paging,
    region: Annotated[str | None, Query(max_length=24), Blank] = None,
    station_id: uuid.UUID | None = None,
    since: Annotated[Moment | None, Blank] = None,
) -> Page[views.ReceptionOut]:
    """Receptions that are not over, or since a moment, in the order of time: the notice that hangs at the station."""
    conditions = [queries.within(None)]
    if region is not None:
        conditions.append(col(Reception.region).startswith(region, autoescape=True))
    if station_id is not None:
        conditions.append(col(Reception.station_id) == station_id)
    after = paging.after(datetime, uuid.UUID)
    rows = await queries.page_of_receptions(
        tx, *conditions, since=since or now(), until=None, after=(after[0], after[1]) if after else None, limit=paging.limit
    )
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.starts_at, row.id))
    return Page(items=[views.reception_out(tx.policy.receptions, one, lang) for one in items], next_cursor=cursor)


@router.get("/public/receptions/{reception_id}")
async def reception(reception_id: uuid.UUID, tx: InTx, lang: Lang, caller: Anyone) -> views.ReceptionOut:
    """One reception, with the address of its stream if it has one."""
    return views.reception_out(tx.policy.receptions, await queries.reception(tx, reception_id, None), lang)


@router.get("/public/receptions/{reception_id}/comments")
async def shown(reception_id: uuid.UUID, tx: InTx, caller: Anyone, paging: Paging) -> Page[views.CommentOut]:
    """The comments that staff have shown, oldest first."""
    await queries.reception(tx, reception_id, None)
    after = paging.after(uuid.UUID)
    rows = await queries.page_of_comments(tx, reception_id, "shown", after[0] if after else None, paging.limit)
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.id,))
    return Page(items=[views.CommentOut.model_validate(one.model_dump()) for one in items], next_cursor=cursor)


@router.post("/public/receptions/{reception_id}/comments", status_code=201)
async def comment(reception_id: uuid.UUID, body: CommentIn, tx: InTx, caller: Anyone) -> SentOut:
    """Sends a comment while the meeting is on."""
    kept = await comments.send(tx, reception_id, body.text)
    return SentOut(id=kept.id, state=kept.state)
