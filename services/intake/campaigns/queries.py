"""Reads of calls for opinions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, or_, select, tuple_
from sqlmodel import col

from services.intake.campaigns import rules
from services.intake.campaigns.errors import CampaignUnknown
from services.intake.campaigns.models import Campaign
from services.intake.civil import day_of
from services.intake.models import Opinion
from shared.clock import now
from shared.db import Tx


async def campaign_to_answer(tx: Tx, campaign_id: uuid.UUID, chosen: str | None) -> Campaign:
    """A call that takes opinions now, shared-locked so that it cannot be closed and counted meanwhile.

    Raises CampaignUnknown, CampaignNotOpenYet, CampaignIsClosed, CategoryNotAsked.
    """
    found = await tx.scalar(select(Campaign).where(col(Campaign.id) == campaign_id).with_for_update(read=True))
    if found is None:
        raise CampaignUnknown(where="code")
    rules.check_answer(found, day_of(now()), chosen)
    return found


async def campaign(tx: Tx, campaign_id: uuid.UUID, *, lock: bool = False) -> Campaign:
    """One call. Raises CampaignUnknown."""
    found = await tx.get(Campaign, campaign_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise CampaignUnknown()
    return found


async def page_of_campaigns(
    tx: Tx, *, state: rules.State | None, today: date, region: str | None, after: tuple[date, uuid.UUID] | None, limit: int
) -> list[Campaign]:
    """Calls, the latest window first; one more than `limit` when there is another page. `region`: those that reach it."""
    page = select(Campaign).order_by(col(Campaign.opens_on).desc(), col(Campaign.id).desc()).limit(limit + 1)
    over = or_(col(Campaign.closed_because).is_not(None), col(Campaign.closes_on) < today)
    if state == "closed":
        page = page.where(over)
    elif state is not None:
        page = page.where(~over, col(Campaign.opens_on) <= today if state == "open" else col(Campaign.opens_on) > today)
    if region is not None:
        page = page.where(func.starts_with(region, col(Campaign.region)))
    if after is not None:
        page = page.where(tuple_(col(Campaign.opens_on), col(Campaign.id)) < tuple_(*after))
    return list(await tx.scalars(page))


async def count_received(tx: Tx, campaign_id: uuid.UUID) -> int:
    """How many opinions a call has received."""
    return sum(n for _, n in await received_by_category(tx, campaign_id))


async def received_by_category(tx: Tx, campaign_id: uuid.UUID) -> Sequence[tuple[str | None, int]]:
    """Opinions a call received by category, the most first; None stands for those that no rule has classified."""
    counted = (
        select(col(Opinion.category), func.count())
        .where(col(Opinion.target_id) == campaign_id, col(Opinion.channel) == "campaign")
        .group_by(col(Opinion.category))
        .order_by(func.count().desc(), col(Opinion.category))
    )
    return [(category, n) for category, n in await tx.execute(counted)]
