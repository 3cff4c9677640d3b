"""Finds who may raise and sign."""

from __future__ import annotations

import uuid

from services.intake.models import Deputy
from services.intake.suggestions import rules
from services.intake.suggestions.errors import MandateNotActive, NoMandate
from shared.clock import now
from shared.db import Tx


async def active(tx: Tx, deputy_id: uuid.UUID | None) -> Deputy:
    """The deputy, if acting as one today (代表法 7, 24, 36). Raises NoMandate, MandateNotActive (代表法 61-62)."""
    deputy = await tx.get(Deputy, deputy_id) if deputy_id else None
    if deputy is None:
        raise NoMandate
    if not deputy.is_active_on(rules.day_of(now())):
        raise MandateNotActive(deputy_id=str(deputy.deputy_id))
    return deputy
