"""The verbs on calls for opinions: each changes rows and emits the event in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import cast

from sqlalchemy import select
from sqlmodel import col

from services.intake.campaigns import queries, rules
from services.intake.campaigns.models import Campaign
from services.intake.civil import day_of
from services.intake.places import check_region
from shared.clock import now
from shared.db import Tx
from shared.events import EVERYONE, new_id
from shared.events.intake_campaigns import CampaignAnnounced, CampaignClosed, CampaignKind, CampaignReported
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.masking import mask
from shared.outbox import emit

_CLOSED_BY_ITS_DAY = 50


async def enter(
    tx: Tx,
    caller: Caller,
    *,
    kind: CampaignKind,
    title: str,
    text: str,
    region: str,
    categories: Sequence[str],
    opens_on: date,
    closes_on: date,
) -> Campaign:
    """Enters a call with its window, scope and categories. Raises RegionOutOfReach, CategoryUnknown, WindowNotInOrder."""
    check_region(caller, region)
    rules.check_categories(categories, [c.code for c in tx.policy.categories])
    rules.check_window(opens_on, closes_on, day_of(now()))
    campaign = Campaign(
        id=new_id(),
        site=tx.site,
        kind=kind,
        title=title,
        text=text,
        region=region,
        categories=list(dict.fromkeys(categories)),
        opens_on=opens_on,
        closes_on=closes_on,
        profile_version=tx.policy.profile_version,
        entered_by=caller.account_id,
        entered_at=now(),
    )
    tx.add(campaign)
    _announce(tx, campaign)
    return campaign


async def change(
    tx: Tx,
    campaign_id: uuid.UUID,
    caller: Caller,
    version: int,
    *,
    title: str,
    text: str,
    categories: Sequence[str],
    opens_on: date,
    closes_on: date,
) -> Campaign:
    """Changes a call before it opens; once open its last day only. Raises what the rules raise, StaleVersion and RegionOutOfReach."""
    campaign = await queries.campaign(tx, campaign_id, lock=True)
    check_region(caller, campaign.region)
    check_version(campaign.version, version)
    same = (campaign.title, campaign.text, campaign.categories, campaign.opens_on) == (title, text, list(categories), opens_on)
    today = day_of(now())
    rules.check_change(campaign, today, only_last_day=same)
    rules.check_categories(categories, [c.code for c in tx.policy.categories])
    rules.check_window(opens_on, closes_on, today)
    campaign.title, campaign.text, campaign.categories = title, text, list(dict.fromkeys(categories))
    campaign.opens_on, campaign.closes_on = opens_on, closes_on
    campaign.version += 1
    _announce(tx, campaign)
    return campaign


async def close(tx: Tx, campaign_id: uuid.UUID, caller: Caller, version: int, *, reason: str) -> Campaign:
    """Closes a call before its last day. Raises CampaignIsClosed, StaleVersion, RegionOutOfReach, CampaignUnknown."""
    campaign = await queries.campaign(tx, campaign_id, lock=True)
    check_region(caller, campaign.region)
    check_version(campaign.version, version)
    rules.check_change(campaign, day_of(now()), only_last_day=True)
    campaign.closed_because = mask(reason)
    await _close(tx, campaign, early=True)
    return campaign


async def report(tx: Tx, campaign_id: uuid.UUID, caller: Caller, version: int, *, outcome: str) -> Campaign:
    """Publishes what came of a call that is over. Raises CampaignStillOpen, CampaignIsReported, StaleVersion, RegionOutOfReach."""
    campaign = await queries.campaign(tx, campaign_id, lock=True)
    check_region(caller, campaign.region)
    check_version(campaign.version, version)
    rules.check_report(campaign, day_of(now()))
    if campaign.closed_at is None:
        await _close(tx, campaign, early=False)
    campaign.outcome, campaign.reported_at = mask(outcome), now()
    campaign.version += 1
    emit(tx, CampaignReported(campaign_id=campaign.id, received=campaign.received or 0), audience=EVERYONE)
    live(tx, "campaign", str(campaign.id))
    return campaign


async def close_ended(tx: Tx, today: date) -> int:
    """Closes and counts the calls whose last day has passed. Returns how many."""
    over = (
        select(Campaign)
        .where(col(Campaign.closed_at).is_(None), col(Campaign.closes_on) < today)
        .order_by(col(Campaign.closes_on), col(Campaign.id))
        .limit(_CLOSED_BY_ITS_DAY)
        .with_for_update(skip_locked=True)
    )
    found = list(await tx.scalars(over))
    for campaign in found:
        await _close(tx, campaign, early=False)
    return len(found)


async def _close(tx: Tx, campaign: Campaign, *, early: bool) -> None:
    campaign.closed_at = now()
    campaign.received = await queries.count_received(tx, campaign.id)
    campaign.version += 1
    emit(
        tx,
        CampaignClosed(campaign_id=campaign.id, kind=_kind(campaign), region=campaign.region, received=campaign.received, early=early),
        audience=EVERYONE,
    )
    live(tx, "campaign", str(campaign.id))


def _announce(tx: Tx, campaign: Campaign) -> None:
    emit(
        tx,
        CampaignAnnounced(
            campaign_id=campaign.id,
            kind=_kind(campaign),
            region=campaign.region,
            opens_on=campaign.opens_on,
            closes_on=campaign.closes_on,
            version_no=campaign.version,
        ),
        audience=EVERYONE,
    )
    live(tx, "campaign", str(campaign.id))


def _kind(campaign: Campaign) -> CampaignKind:
    return cast(CampaignKind, campaign.kind)
