"""The doors of contacts with the sender (联系沟通, 三见面)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from services.routing.api import CaseOut, Reader, whole
from services.routing.contacts import actions, queries, rules
from services.routing.queries import find_case
from services.routing.rules import permission_of
from services.routing.settings import ContactPhase
from shared.http import IfMatch, InTx, Lang, RequestModel, service_router
from shared.identity import Caller, requires
from shared.workdays import official_calendar

router = service_router(tags=["contacts"])

How = Literal["visit", "meeting", "phone", "letter", "online"]


class ContactIn(RequestModel):
    """A contact: which of the three meetings, how and when it was held, and what was said."""

    phase: ContactPhase
    how: How
    held_at: AwareDatetime
    summary: str = Field(min_length=1, max_length=4000)


class ContactLine(BaseModel):
    """A contact as it was recorded; `label` is what the place calls its phase."""

    id: uuid.UUID
    round: int
    phase: ContactPhase
    label: str
    how: How
    held_at: datetime
    summary: str
    organisation: str
    recorded_at: datetime


class ContactsOut(BaseModel):
    """The contacts of a case. `first_due_at` is by when the first of the current round is due, and `missing` what its reply waits for."""

    first_due_at: datetime | None
    missing: list[ContactPhase]
    contacts: list[ContactLine]


@router.get("/cases/{case_id}/contacts")
async def list_contacts(case_id: uuid.UUID, tx: InTx, caller: Reader, lang: Lang) -> ContactsOut:
    """The contacts of a case in all rounds, the earliest first."""
    case, policy = await find_case(tx, caller, case_id), tx.policy.contacts
    rows = await queries.contacts_of(tx, case.id)
    lacking = rules.missing(policy, {row["phase"] for row in rows if row["round"] == case.round})
    return ContactsOut(
        first_due_at=rules.first_due(policy, case.clock_from, official_calendar()),
        missing=lacking if case.status in ("assigned", "accepted", "objected") else [],
        contacts=[ContactLine(**row, label=rules.label(policy, row["phase"], lang)) for row in rows],
    )


@router.post("/cases/{case_id}/contact")
async def record(
    case_id: uuid.UUID, body: ContactIn, tx: InTx, version: IfMatch, caller: Annotated[Caller, requires(permission_of("contact"))]
) -> CaseOut:
    """The lead department records a contact with the sender in the current round."""
    return await whole(tx, await actions.record(tx, case_id, caller, version, **dict(body)))
