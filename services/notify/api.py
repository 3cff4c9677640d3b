"""The doors of notify: the inbox of whoever asks, and the stream that keeps an open page up to date."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import Header, Request, status
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.notify import actions, queries
from services.notify.render import NoticeOut, rendered
from services.notify.stream import Streams
from shared.http import InTx, Lang, Page, Paging, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["inbox"])
streams = service_router(transaction=False, tags=["inbox"])

Reader = Annotated[Caller, requires("inbox.read")]
LastEventId = Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=2**63 - 1, description="the position to resume after")]


class UnreadOut(BaseModel):
    """How many notices are unread; `more` says that there are more than were counted."""

    unread: int
    more: bool


@router.get("/inbox")
async def inbox(tx: InTx, caller: Reader, lang: Lang, paging: Paging, unread: bool = False) -> Page[NoticeOut]:
    """The caller's notices, the newest first: those for the account, its role, its organisation and its mandate."""
    after = paging.after(int)
    rows = await queries.page_of_notices(tx, caller, unread=unread, before=after[0] if after else None, limit=paging.limit + 1)
    page, cursor = page_of(rows, paging.limit, key=lambda row: (row[0].position,))
    return Page(items=[rendered(notice, lang, read=read) for notice, read in page], next_cursor=cursor)


@router.get("/inbox/unread")
async def unread(tx: InTx, caller: Reader) -> UnreadOut:
    """How many of the caller's notices are unread."""
    count = await queries.count_unread(tx, caller)
    return UnreadOut(unread=count, more=count == queries.COUNTED_AT_MOST)


@router.post("/inbox/{notice_id}/read", status_code=status.HTTP_204_NO_CONTENT)
async def read(notice_id: uuid.UUID, tx: InTx, caller: Reader) -> None:
    """The caller has read a notice; a second time changes nothing."""
    await actions.mark_read(tx, notice_id, caller)


@streams.get("/stream", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def stream(request: Request, caller: Reader, lang: Lang, last_event_id: LastEventId = None) -> StreamingResponse:
    """The caller's notices as server-sent events: `ready` once, then `notice`, each with its position as id.

    Fetch it with the Bearer header; come back with `Last-Event-ID` when it ends (it does with the token).
    """
    open_streams: Streams = request.app.state.streams
    open_streams.check_room()
    return StreamingResponse(
        open_streams.of(caller, last_event_id, lang),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
