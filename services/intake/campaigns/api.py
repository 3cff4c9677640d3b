"""The doors of calls for opinions. Whoever looks sees them all: a call is public, and its opinions are not."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from services.intake import actions as opinions
from services.intake.api import ContactIn, ReceiptOut
from services.intake.campaigns import actions, queries, rules
from services.intake.campaigns.models import Campaign
from services.intake.civil import day_of
from shared.clock import now
from shared.db import Tx
from shared.events.intake_campaigns import CampaignKind
from shared.http import Blank, IfMatch, InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, public, requires

router = service_router(tags=["campaigns"])

Desk = Annotated[Caller, requires("campaign.run")]
Anyone = Annotated[Caller | None, public()]
RegionCode = Annotated[str, Field(min_length=2, max_length=24, pattern=r"^[0-9a-z]+$")]
Categories = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=40)]


class ChangeIn(RequestModel):
    """A call as it shall be. Both days belong to the window; no categories means all of them."""

    title: str = Field(min_length=2, max_length=200)
    text: str = Field(min_length=2, max_length=20_000)
    categories: Categories = Field(default_factory=list)
    opens_on: date
    closes_on: date


class CampaignIn(ChangeIn):
    """A call to enter. `region` is its scope: that region and all below."""

    kind: CampaignKind
    region: RegionCode


class ReasonIn(RequestModel):
    """Why a call is closed early. It is shown to the public."""

    reason: str = Field(min_length=2, max_length=500)


class OutcomeIn(RequestModel):
    """What came of a call, for the public."""

    outcome: str = Field(min_length=2, max_length=20_000)


class AnswerIn(RequestModel):
    """An opinion sent to a call on its page, without a code."""

    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=20_000)
    category: str | None = Field(default=None, max_length=40)
    contact: ContactIn | None = None


class CampaignOut(BaseModel):
    """A call. `received` is null until it is closed and counted."""

    id: uuid.UUID
    kind: CampaignKind
    title: str
    text: str
    region: str
    categories: list[str]
    opens_on: date
    closes_on: date
    state: rules.State
    closed_because: str | None
    received: int | None
    outcome: str | None
    reported_at: datetime | None
    version: int


class CountOut(BaseModel):
    """How many opinions of a category were received; null stands for those not classified."""

    category: str | None
    label: str | None
    received: int


class CampaignDetail(CampaignOut):
    """A call with what it has received so far, by category. The counts add up to `received_so_far`."""

    received_so_far: int
    by_category: list[CountOut]


@router.post("/campaigns", status_code=201)
async def enter(body: CampaignIn, tx: InTx, caller: Desk) -> CampaignOut:
    """Enters a call for opinions."""
    return _out(await actions.enter(tx, caller, **body.model_dump()))


@router.put("/campaigns/{campaign_id}")
async def change(campaign_id: uuid.UUID, body: ChangeIn, tx: InTx, version: IfMatch, caller: Desk) -> CampaignOut:
    """Changes a call before it opens; once it is open, its last day."""
    return _out(await actions.change(tx, campaign_id, caller, version, **body.model_dump()))


@router.post("/campaigns/{campaign_id}/close")
async def close(campaign_id: uuid.UUID, body: ReasonIn, tx: InTx, version: IfMatch, caller: Desk) -> CampaignOut:
    """Closes a call before its last day."""
    return _out(await actions.close(tx, campaign_id, caller, version, reason=body.reason))


@router.post("/campaigns/{campaign_id}/outcome")
async def report(campaign_id: uuid.UUID, body: OutcomeIn, tx: InTx, version: IfMatch, caller: Desk) -> CampaignOut:
    """Publishes what came of a call that is over."""
    return _out(await actions.report(tx, campaign_id, caller, version, outcome=body.outcome))


@router.get("/campaigns")
async def campaigns(
    *,
    tx: InTx,
    caller: Anyone,
    paging: Paging,
    state: Annotated[rules.State | None, Blank] = None,
    region: Annotated[str | None, Query(max_length=24), Blank] = None,
) -> Page[CampaignOut]:
    """Calls for opinions, the latest window first; `region` keeps those that reach it."""
    after = paging.after(date, uuid.UUID)
    rows = await queries.page_of_campaigns(
        tx, state=state, today=day_of(now()), region=region, after=(after[0], after[1]) if after else None, limit=paging.limit
    )
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.opens_on, row.id))
    return Page(items=[_out(one) for one in items], next_cursor=cursor)


@router.get("/campaigns/{campaign_id}")
async def campaign(campaign_id: uuid.UUID, tx: InTx, lang: Lang, caller: Anyone) -> CampaignDetail:
    """One call, with what it has received so far."""
    found = await queries.campaign(tx, campaign_id)
    return await _detail(tx, found, lang)


@router.post("/campaigns/{campaign_id}/opinions", status_code=201)
async def answer(campaign_id: uuid.UUID, body: AnswerIn, tx: InTx, caller: Anyone) -> ReceiptOut:
    """Sends an opinion to a call that is open."""
    found = await queries.campaign_to_answer(tx, campaign_id, body.category)
    sender = opinions.Sender(body.contact.name, body.contact.phone) if body.contact else None
    origin = opinions.Origin("campaign", found.id, found.id, found.region)
    receipt = await opinions.take_in(tx, origin, body.title, body.text, chosen=body.category, sender=sender)
    return ReceiptOut(number=receipt.number, lookup_code=receipt.lookup_code, status=receipt.status)


def _out(campaign: Campaign) -> CampaignOut:
    shown = campaign.model_dump(include=set(CampaignOut.model_fields))
    return CampaignOut(**shown, state=rules.state_of(campaign, day_of(now())))


async def _detail(tx: Tx, campaign: Campaign, lang: str) -> CampaignDetail:
    counted = await queries.received_by_category(tx, campaign.id)
    labels = {c.code: c.label.of(lang) for c in tx.policy.categories}
    return CampaignDetail(
        **_out(campaign).model_dump(),
        received_so_far=sum(n for _, n in counted),
        by_category=[CountOut(category=c, label=labels.get(c or ""), received=n) for c, n in counted],
    )
