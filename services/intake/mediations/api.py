"""The doors of mediation, for staff and for the deputies who mediate."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.intake.disclosing import PurposeIn
from services.intake.mediations import actions, queries, rules
from services.intake.mediations.models import Mediation
from shared.db import Tx
from shared.events.intake_mediations import MediationOutcome
from shared.http import Blank, IfMatch, InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["mediations"])

Staff = Annotated[Caller, requires("mediation.run")]
Unmasker = Annotated[Caller, requires("personal.unmask")]
Mediating = Annotated[Caller, requires("mediation.run", "mediation.act")]
Reader = Annotated[Caller, requires("mediation.read", "mediation.act")]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
RegionCode = Annotated[str, Field(min_length=2, max_length=24, pattern=r"^[0-9a-z]+$")]
State = Literal["opened", "in_mediation", "concluded"]


class PartyIn(RequestModel):
    """A party and how it may be reached. Both are sealed."""

    side: rules.Side
    name: str = Field(min_length=1, max_length=60)
    phone: str | None = Field(default=None, pattern=r"^\+?[0-9][0-9 \-]{4,22}[0-9]$")


class CaseIn(RequestModel):
    """A dispute to take in."""

    kind: Code
    source: Code
    region: RegionCode
    summary: str = Field(min_length=2, max_length=5_000)
    parties: Annotated[list[PartyIn], Field(min_length=2, max_length=20)]


class MediatorIn(RequestModel):
    """A deputy or an invited mediator, who declares to have no interest in the matter."""

    deputy_id: uuid.UUID | None = None
    name: str | None = Field(default=None, min_length=1, max_length=60)
    no_interest: bool


class SessionIn(RequestModel):
    """A session and what came of it."""

    on: date
    note: str = Field(min_length=2, max_length=5_000)


class OutcomeIn(RequestModel):
    """How a case ended."""

    outcome: MediationOutcome
    result: str = Field(min_length=2, max_length=5_000)


class ContactOut(BaseModel):
    """How to reach a party."""

    name: str | None
    phone: str | None


class PartyOut(BaseModel):
    """A party without a name: which side, and whether it agreed."""

    id: uuid.UUID
    side: rules.Side
    agreed: bool


class MediatorOut(BaseModel):
    """A mediator."""

    deputy_id: uuid.UUID | None
    name: str | None


class SessionOut(BaseModel):
    """A session."""

    on: date
    note: str


class CaseOut(BaseModel):
    """A case. Names and numbers of the parties stay sealed."""

    id: uuid.UUID
    kind: str
    kind_label: str
    source: str
    region: str
    summary: str
    state: State
    outcome: MediationOutcome | None
    result: str | None
    opened_on: date
    concluded_on: date | None
    version: int
    parties: list[PartyOut]
    mediators: list[MediatorOut]
    sessions: list[SessionOut]


class FiguresOut(BaseModel):
    """Cases of a span by outcome. `success_percent` is `succeeded` of `concluded`, null without any."""

    open: int
    concluded: int
    succeeded: int
    failed: int
    withdrawn: int
    success_percent: Decimal | None


@router.post("/mediations", status_code=201)
async def open_case(body: CaseIn, tx: InTx, lang: Lang, caller: Staff) -> CaseOut:
    """Takes a dispute in."""
    sides = [actions.Side(one.side, one.name, one.phone) for one in body.parties]
    return await _out(tx, await actions.open_case(tx, caller, body.kind, body.source, body.region, body.summary, sides), lang)


@router.get("/mediations/figures")
async def figures(tx: InTx, caller: Annotated[Caller, requires("mediation.read")], since: date, until: date) -> FiguresOut:
    """The cases concluded in a span of days by outcome, and the success rate with its base."""
    found = await queries.figures(tx, caller, since, until)
    return FiguresOut(**{name: getattr(found, name) for name in FiguresOut.model_fields})


@router.get("/mediations")
async def mediations(tx: InTx, lang: Lang, caller: Reader, paging: Paging, state: Annotated[State | None, Blank] = None) -> Page[CaseOut]:
    """Cases, newest first: of the caller's region, or those in which the caller mediates."""
    after = paging.after(uuid.UUID)
    rows = await queries.page_of_mediations(tx, caller, state, after[0] if after else None, paging.limit)
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.id,))
    return Page(items=[await _out(tx, one, lang) for one in items], next_cursor=cursor)


@router.get("/mediations/{mediation_id}")
async def mediation(mediation_id: uuid.UUID, tx: InTx, lang: Lang, caller: Reader) -> CaseOut:
    """One case."""
    return await _out(tx, await queries.mediation(tx, mediation_id, caller), lang)


@router.post("/mediations/{mediation_id}/mediators", status_code=201)
async def appoint(mediation_id: uuid.UUID, body: MediatorIn, tx: InTx, lang: Lang, version: IfMatch, caller: Staff) -> CaseOut:
    """Appoints a mediator."""
    return await _out(tx, await actions.appoint(tx, mediation_id, caller, version, **body.model_dump()), lang)


@router.post("/mediations/{mediation_id}/parties/{party_id}/agree")
async def agree(mediation_id: uuid.UUID, party_id: uuid.UUID, tx: InTx, lang: Lang, version: IfMatch, caller: Staff) -> CaseOut:
    """A party agreed to mediation."""
    return await _out(tx, await actions.agree(tx, mediation_id, party_id, caller, version), lang)


@router.post("/mediations/{mediation_id}/sessions", status_code=201)
async def hold_session(mediation_id: uuid.UUID, body: SessionIn, tx: InTx, lang: Lang, version: IfMatch, caller: Mediating) -> CaseOut:
    """Enters a session."""
    return await _out(tx, await actions.hold_session(tx, mediation_id, caller, version, on=body.on, note=body.note), lang)


@router.post("/mediations/{mediation_id}/conclude")
async def conclude(mediation_id: uuid.UUID, body: OutcomeIn, tx: InTx, lang: Lang, version: IfMatch, caller: Mediating) -> CaseOut:
    """Ends a case with its outcome."""
    ended = await actions.conclude(tx, mediation_id, caller, version, outcome=body.outcome, result=body.result)
    return await _out(tx, ended, lang)


@router.post("/mediations/{mediation_id}/parties/{party_id}/contact", openapi_extra={"x-idempotent": False})
async def contact(mediation_id: uuid.UUID, party_id: uuid.UUID, body: PurposeIn, tx: InTx, caller: Unmasker) -> ContactOut:
    """How to reach a party; a POST, because reading it leaves a row that says who and what for."""
    sender = await actions.read_contact(tx, mediation_id, party_id, caller, body.purpose)
    return ContactOut(name=sender.name, phone=sender.phone)


async def _out(tx: Tx, case: Mediation, lang: str) -> CaseOut:
    kind = next((one for one in tx.policy.mediations.kinds if one.code == case.kind), None)
    return CaseOut.model_validate(
        {
            **case.model_dump(include=set(CaseOut.model_fields)),
            "kind_label": kind.label.of(lang) if kind else case.kind,
            "parties": [{"id": p.id, "side": p.side, "agreed": p.agreed_at is not None} for p in await queries.parties(tx, case.id)],
            "mediators": [
                MediatorOut(deputy_id=one.deputy_id, name=one.name or deputy) for one, deputy in await queries.mediators(tx, case.id)
            ],
            "sessions": [SessionOut(on=one.on, note=one.note) for one in await queries.sessions(tx, case.id)],
        }
    )
