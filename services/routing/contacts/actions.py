"""The verb of contacts: the lead department records one with the sender."""

from __future__ import annotations

import uuid
from datetime import datetime

from services.routing.actions.held import write
from services.routing.actions.reaching import by_lead
from services.routing.actions.steps import actor, step, tell
from services.routing.contacts.errors import ContactInFuture, ContactTooEarly
from services.routing.contacts.models import Contact
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
    assert case.lead is not None
    contact = Contact(
        id=new_id(),
        case_id=case.id,
        round=case.round,
        phase=phase,
        how=how,
        held_at=held_at,
        summary=mask(summary),
        organisation=case.lead,
        by_account=caller.account_id,
        recorded_at=at,
    )
    tx.add(contact)
    tell(tx, case, move.event, department=case.lead, contact_id=contact.id, phase=phase, how=how, held_at=held_at)
    await write(tx, held)
    return case
