"""The doors of staff who enter opinions for others."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.intake.actions import Sender
from services.intake.api import ContactIn, ReceiptOut
from services.intake.civil import Moment
from services.intake.entries import actions, queries, rules
from services.intake.entries.models import Entry
from shared.events.intake_opinions import Source
from shared.http import Blank, InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["entries"])


class EntryIn(RequestModel):
    """An opinion as staff enter it for whoever came, called or wrote. Without contact it is anonymous."""

    source: Source
    station_id: uuid.UUID
    received_at: Moment
    persons: int = Field(default=1, ge=1, le=10_000)
    deputies: list[uuid.UUID] = Field(default_factory=list, max_length=50)
    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=20_000)
    category: str | None = Field(default=None, max_length=40)
    advice: str | None = Field(default=None, min_length=1, max_length=2_000)
    paper: str | None = Field(default=None, min_length=1, max_length=60)
    contact: ContactIn | None = None
    consent: rules.Consent | None = None
    attachments: list[Annotated[str, Field(max_length=64)]] = Field(default_factory=list, max_length=20, description="tokens of uploads")


class EntryOut(BaseModel):
    """A line of the register. The opinion's text and its sender are not in it."""

    id: uuid.UUID
    opinion_id: uuid.UUID
    number: str
    source: str
    source_label: str
    station_id: uuid.UUID
    region: str
    received_at: datetime
    persons: int
    deputies: list[uuid.UUID]
    advice: str | None
    paper: str | None
    consent: str | None
    entered_at: datetime


@router.post("/entries", status_code=201)
async def enter(body: EntryIn, tx: InTx, caller: Annotated[Caller, requires("opinion.enter")]) -> ReceiptOut:
    """Enters an opinion on behalf; the receipt is for whoever brought it."""
    register = actions.Register(
        body.source, body.station_id, body.received_at, body.persons, body.deputies, body.advice, body.paper, body.consent
    )
    sender = Sender(body.contact.name, body.contact.phone) if body.contact else None
    receipt = await actions.enter(
        tx, caller, register, body.title, body.text, chosen=body.category, sender=sender, attachments=body.attachments
    )
    return ReceiptOut(number=receipt.number, lookup_code=receipt.lookup_code, status=receipt.status)


@router.get("/entries")
async def entries(
    *,
    tx: InTx,
    lang: Lang,
    paging: Paging,
    caller: Annotated[Caller, requires("opinion.enter", "opinion.read")],
    source: Annotated[Source | None, Blank] = None,
    station: Annotated[uuid.UUID | None, Blank] = None,
) -> Page[EntryOut]:
    """The register of the caller's region, the latest first."""
    after = paging.after(datetime, uuid.UUID)
    rows = await queries.page_of_entries(
        tx, caller, source=source, station_id=station, after=(after[0], after[1]) if after else None, limit=paging.limit
    )
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.received_at, row.id))
    return Page(items=[_out(tx, one, lang) for one in items], next_cursor=cursor)


def _out(tx: InTx, entry: Entry, lang: str) -> EntryOut:
    label = tx.policy.entries.sources.get(entry.source)
    return EntryOut(**entry.model_dump(exclude={"entered_by"}), source_label=label.of(lang) if label else entry.source)
