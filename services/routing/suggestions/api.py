"""The doors to suggestions' cases: what was handed over with them, and what their signers read of them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict

from services.routing import queries as cases
from services.routing import rules
from services.routing.api import ReplyOut
from services.routing.suggestions import queries
from shared.events.intake_suggestions import Handling, Kind, Publication, RaisedIn
from shared.http import InTx, Page, Paging, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["suggestions"])

Signer = Annotated[Caller, requires("case.read.signed")]
SignerPart = Literal["lead", "co_signer"]


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SignerOut(_Out):
    """A deputy's mandate, and whether it led."""

    deputy_id: uuid.UUID
    part: SignerPart


class SuggestionOut(_Out):
    """What the congress's office handed over with a suggestion. The words of a confidential one are read in intake."""

    case_id: uuid.UUID
    suggestion_id: uuid.UUID
    kind: Kind
    raised_in: RaisedIn
    session: str | None
    term: int | None
    meeting: int | None
    level: str
    delegation: str
    region: str
    publication: Publication
    handling: Handling
    lead_wish: str | None
    co_wishes: list[str]
    raised_before: str | None
    confidential: bool
    wants_contact: bool
    reply_wanted: bool
    from_bill: bool
    quality: int
    signers: list[SignerOut]


class SignedLine(_Out):
    """A case in a signer's list. `title` is empty when the suggestion is confidential."""

    id: uuid.UUID
    suggestion_id: uuid.UUID
    number: str
    title: str
    status: rules.Status
    version: int
    department: str | None
    co_handlers: list[str]
    round: int
    reply_due_at: datetime | None
    due_is_provisional: bool
    result_class: str | None
    part: SignerPart
    opened_at: datetime


class SignedCase(_Out):
    """A case as its suggestion's signers see it: where it stands, by when, and what was replied."""

    id: uuid.UUID
    number: str
    title: str
    text: str
    status: rules.Status
    version: int
    department: str | None
    co_handlers: list[str]
    round: int
    reply_due_at: datetime | None
    due_is_provisional: bool
    opened_at: datetime
    suggestion: SuggestionOut
    replies: list[ReplyOut]


@router.get("/cases/{case_id}/suggestion")
async def read_suggestion(case_id: uuid.UUID, tx: InTx, caller: Annotated[Caller, requires("case.read", "case.read.own")]) -> SuggestionOut:
    """What came with the suggestion of a case: signers, session, wishes. 404 for an opinion's case."""
    case = await cases.find_case(tx, caller, case_id)
    return SuggestionOut.model_validate(await queries.handed_over(tx, case))


@router.get("/signed-cases")
async def list_signed(tx: InTx, caller: Signer, page: Paging) -> Page[SignedLine]:
    """The cases of the suggestions that the deputy signed, as lead or co-signer, the newest first."""
    found = await queries.list_signed(tx, caller, page)
    rows, cursor = page_of(found, page.limit, key=lambda c: (c["opened_at"], c["id"]))
    return Page(items=[SignedLine(**row) for row in rows], next_cursor=cursor)


@router.get("/signed-cases/{case_id}")
async def read_signed(case_id: uuid.UUID, tx: InTx, caller: Signer) -> SignedCase:
    """A case of a suggestion that the deputy signed, with its replies."""
    case = await queries.find_signed(tx, caller, case_id)
    past = await cases.past_of(tx, case.id)
    suggestion = SuggestionOut.model_validate(await queries.handed_over(tx, case))
    replies = [ReplyOut.model_validate(row) for row in past.replies]
    return SignedCase.model_validate({**case.model_dump(), "department": case.lead, "suggestion": suggestion, "replies": replies})
