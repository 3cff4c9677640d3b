"""The doors of an opinion on its way: for its sender by the lookup code, for the deputy whom it came to, for those who handle it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Header, Path
from pydantic import BaseModel, Field

from services.intake.attachments.queries import opinion_for
from services.intake.course import actions, queries, rules
from services.intake.settings import Status
from shared.http import InTx, RequestModel, service_router
from shared.identity import Caller, public, requires
from shared.masking import mask

router = service_router(tags=["course"])

Anyone = Annotated[Caller | None, public()]
LookupCode = Annotated[str, Header(alias="X-Lookup-Code", max_length=64, description="the code that came with the number")]
Number = Annotated[str, Path(max_length=64)]


class SupplementIn(RequestModel):
    """What the sender adds, with files if there are some."""

    text: str = Field(min_length=1, max_length=20_000)
    attachments: list[Annotated[str, Field(max_length=64)]] = Field(default_factory=list, max_length=20, description="tokens of uploads")


class SupplementOut(BaseModel):
    """What was added; telephone and identity numbers in it are masked."""

    id: uuid.UUID
    text: str
    at: datetime


class AnswerIn(RequestModel):
    """A deputy's own answer."""

    text: str = Field(min_length=1, max_length=20_000)


class AnswerOut(BaseModel):
    """A deputy's own answer as it was kept."""

    opinion_id: uuid.UUID
    deputy_id: uuid.UUID
    state: str
    text: str | None
    at: datetime


class JudgementIn(RequestModel):
    """Whether the sender is content with the deputy's answer."""

    accepted: bool


class StandingOut(BaseModel):
    """Where an opinion stands, and how it ended if it has."""

    number: str
    status: Status
    closing: rules.Closing | None


class MatterOut(BaseModel):
    """An opinion as those see it who handle it; telephone and identity numbers in the texts are masked."""

    id: uuid.UUID
    number: str
    status: Status
    closing: rules.Closing | None
    channel: str
    region: str
    category: str | None
    title: str
    text: str
    submitted_at: datetime
    supplements: list[SupplementOut]
    rep_answer: AnswerOut | None


@router.post("/opinions/{number}/supplements", status_code=201)
async def supplement(number: Number, body: SupplementIn, tx: InTx, caller: Anyone, lookup_code: LookupCode = "") -> SupplementOut:
    """Adds to an opinion before it is answered."""
    added = await actions.supplement(tx, number, lookup_code, body.text, body.attachments)
    return SupplementOut(id=added.id, text=mask(added.text), at=added.at)


@router.post("/opinions/{number}/withdrawal", status_code=201)
async def withdraw(number: Number, tx: InTx, caller: Anyone, lookup_code: LookupCode = "") -> StandingOut:
    """Takes an opinion back before it is answered."""
    found = await actions.withdraw(tx, number, lookup_code)
    return StandingOut(number=found.number, status="withdrawn", closing=rules.closing_of(found.status))


@router.post("/opinions/{number}/rep-answer/judgement", status_code=201)
async def judge(number: Number, body: JudgementIn, tx: InTx, caller: Anyone, lookup_code: LookupCode = "") -> StandingOut:
    """Says whether the deputy's own answer is enough."""
    found = await actions.judge(tx, number, lookup_code, accepted=body.accepted)
    return StandingOut.model_validate({"number": found.number, "status": found.status, "closing": rules.closing_of(found.status)})


@router.post("/staff/opinions/{opinion_id}/rep-answer", status_code=201)
async def answer(opinion_id: uuid.UUID, body: AnswerIn, tx: InTx, caller: Annotated[Caller, requires("opinion.answer")]) -> AnswerOut:
    """A deputy answers alone what came by the own code or a station they lead."""
    given = await actions.answer(tx, caller, opinion_id, body.text)
    return AnswerOut(**given.model_dump(exclude={"judged_at"}))


@router.get("/staff/opinions/{opinion_id}")
async def matter(
    opinion_id: uuid.UUID, tx: InTx, caller: Annotated[Caller, requires("opinion.read", "opinion.read.own", "case.read.own")]
) -> MatterOut:
    """An opinion with what was added to it, for the desk, its deputy, and the department it is assigned to."""
    opinion = await opinion_for(tx, caller, opinion_id)
    added, answered = await queries.supplements_of(tx, opinion.id), await queries.rep_answer(tx, opinion.id)
    shown = opinion.model_dump(include={"id", "number", "status", "channel", "region", "category", "submitted_at"})
    return MatterOut(
        **shown,
        closing=rules.closing_of(opinion.status),
        title=mask(opinion.title),
        text=mask(opinion.text),
        supplements=[SupplementOut(id=one.id, text=mask(one.text), at=one.at) for one in added],
        rep_answer=AnswerOut(**answered.model_dump(exclude={"judged_at"})) if answered else None,
    )
