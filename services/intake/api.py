"""HTTP routes of intake: sending, following and rating an opinion without an account; lists for staff."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Query, Response
from pydantic import BaseModel, Field, model_validator

from services.intake import actions, queries, views
from services.intake.board.actions import agree
from services.intake.settings import Status
from shared import codes
from shared.events.intake import RatingLevel
from shared.http import InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, code_keys, public, requires

router = service_router(tags=["intake"])

LookupCode = Annotated[str, Header(alias="X-Lookup-Code", max_length=64, description="the code that came with the number")]
Number = Annotated[str, Field(max_length=64)]


class ContactIn(RequestModel):
    """How the sender wishes to be reached; either field may be left out, not both."""

    name: str | None = Field(default=None, min_length=1, max_length=60)
    phone: str | None = Field(default=None, pattern=r"^\+?[0-9][0-9 \-]{4,22}[0-9]$")

    @model_validator(mode="after")
    def _says_something(self) -> ContactIn:
        if self.name is None and self.phone is None:
            raise ValueError("give a name or a phone number, or leave the contact out")
        return self


class OpinionIn(RequestModel):
    """What a resident says. `category` is a wish; one that the place does not know counts as none."""

    code: str = Field(min_length=1, max_length=200)
    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=20_000)
    category: str | None = Field(default=None, max_length=40)
    contact: ContactIn | None = None
    publish: bool = Field(default=False, description="agreed to be published after the desk has masked it")
    attachments: list[Annotated[str, Field(max_length=64)]] = Field(default_factory=list, max_length=20, description="tokens of uploads")


class ReceiptOut(BaseModel):
    """The tracking number and the lookup code. The code is shown this once."""

    number: str
    lookup_code: str
    status: str


@router.post("/opinions", status_code=201)
async def submit(
    form: OpinionIn, tx: InTx, keys: Annotated[list[bytes], Depends(code_keys)], caller: Annotated[Caller | None, public()]
) -> ReceiptOut:
    """Sends an opinion under a scanned code."""
    sender = actions.Sender(form.contact.name, form.contact.phone) if form.contact else None
    code = codes.read(form.code, keys)
    receipt = await actions.submit(tx, code, form.title, form.text, chosen=form.category, sender=sender, attachments=form.attachments)
    if form.publish:
        await agree(tx, receipt.number, receipt.lookup_code, agreed=True)
    return ReceiptOut(number=receipt.number, lookup_code=receipt.lookup_code, status=receipt.status)


@router.get("/opinions/{number}", responses={304: {"description": "unchanged since the ETag in If-None-Match"}})
async def track(
    *,
    number: Number,
    tx: InTx,
    lang: Lang,
    caller: Annotated[Caller | None, public()],
    lookup_code: LookupCode = "",
    labels: Annotated[str | None, Query(max_length=40, description="a label set of the place; its own steps without")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> views.TrackOut:
    """How far an opinion has come, for whoever has its lookup code; polled with the ETag of the last answer."""
    opinion = await queries.opinion_of(tx, number, lookup_code)
    entries, ratings = await queries.timeline_of(tx, opinion.id), await queries.ratings_of(tx, opinion.id)
    body = views.track_out(tx.policy, opinion, entries, ratings, lang, labels).model_dump_json().encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "X-Lookup-Code, Accept-Language"}
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=headers)  # type: ignore[return-value]
    return Response(body, media_type="application/json", headers=headers)  # type: ignore[return-value]


class RatingIn(RequestModel):
    """The sender's judgement of the reply."""

    level: RatingLevel
    comment: str | None = Field(default=None, max_length=2_000)


class RatingOut(BaseModel):
    """A rating as it was kept, with the round it is about."""

    number: str
    round: int
    level: RatingLevel
    rated_at: datetime


@router.post("/opinions/{number}/rating", status_code=201)
async def rate(
    number: Number, form: RatingIn, tx: InTx, caller: Annotated[Caller | None, public()], lookup_code: LookupCode = ""
) -> RatingOut:
    """Rates the reply of the current round, once."""
    opinion = await queries.opinion_of(tx, number, lookup_code)
    rated_rounds = {r.round for r in await queries.ratings_of(tx, opinion.id)}
    rating = await actions.rate(tx, opinion, rated_rounds, form.level, form.comment)
    return RatingOut(number=opinion.number, round=rating.round, level=form.level, rated_at=rating.rated_at)


@router.get("/opinions")
async def list_opinions(
    *,
    tx: InTx,
    lang: Lang,
    paging: Paging,
    caller: Annotated[Caller, requires("opinion.read", "opinion.read.own")],
    status: Status | None = None,
    region: Annotated[str | None, Query(max_length=24)] = None,
    station: uuid.UUID | None = None,
) -> Page[views.ListedOut]:
    """Opinions in the caller's scope, newest first, without contact data."""
    wanted = queries.Wanted(status, region, station)
    found = await queries.opinions_for(tx, caller, wanted, paging.after(datetime, uuid.UUID), paging.limit)
    rows, next_cursor = page_of(found, paging.limit, key=lambda row: row.sort_key)
    return Page(items=[views.listed_out(tx.policy, row.opinion, row.beginning, lang) for row in rows], next_cursor=next_cursor)
