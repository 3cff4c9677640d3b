"""The verb of contacts: the lead department records one with the sender."""

from __future__ import annotations

import uuid
from datetime import datetime

from services.routing.actions.held import write
from services.routing.actions.reaching import by_lead
from services.routing.actions.steps import actor, step, tell
from services.routing.contacts.errors import ContactInFuture, ContactTooEarly
from services.routing.models import CaseState
from services.routing.settings import ContactPhase
from shared.clock import now
from shared.db import Tx
from shared.events.base import new_id
from shared.identity import Caller
from shared.masking import mask


async def record(
    tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, phase: ContactPhase, how: str, held_at: datetime, summary: str
) -> CaseState:
    """The lead department records a contact with the sender in the current round; numbers in the summary are masked.

    One before or during handling may be recorded late. Raises CaseNotFound, NotTheLead, StaleVersion, what the state forbids,
    ContactInFuture, and ContactTooEarly for one after handling while there is no reply.
    """
    held = await by_lead(tx, case_id, caller, version)
    case, at = held.case, now()
    move = step(tx, held, "contact", actor(caller), at, note=phase)
    if held_at > at:
        raise ContactInFuture(where="held_at")
    if phase == "after" and case.status != "replied":
        raise ContactTooEarly(number=case.number, state=case.status)
    contact = new_id()
    values = (phase, how, held_at, mask(summary), case.lead, caller.account_id, at)
    await tx.run(_ADD, contact, case.id, case.round, *values)
    tell(tx, case, move.event, department=case.lead, contact_id=contact, phase=phase, how=how, held_at=held_at)
    await write(tx, held)
    return case


_ADD = """
    INSERT INTO contact (id, case_id, round, phase, how, held_at, summary, organisation, by_account, recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    """
