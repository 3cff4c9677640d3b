"""The doors of answers: the signers', the lead department's, the desk's."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from services.routing.answers import actions, queries
from services.routing.api import CaseOut, Reader, whole
from services.routing.models import CaseState
from services.routing.queries import find_case
from services.routing.rules import permission_of
from services.routing.settings import Status
from services.routing.suggestions.queries import find_signed
from shared.db import Tx
from shared.http import IfMatch, InTx, RequestModel, service_router
from shared.identity import Caller, requires

router = service_router(tags=["answers"])

Signer = Annotated[Caller, requires("case.rate.signed")]


class ReceiptIn(RequestModel):
    """The round whose reply the signer has."""

    round: int = Field(ge=1, le=100)


class DeliverIn(RequestModel):
    """Since which day in China it is carried out, and what shows it."""

    delivered_on: date
    evidence: str = Field(min_length=1, max_length=2000)


class RepliedOut(BaseModel):
    """When a round was replied to; whether it is carried out is told apart."""

    round: int
    replied_at: datetime


class AnswerOut(BaseModel):
    """An answer to a signer, and its receipt."""

    round: int
    deputy_id: uuid.UUID
    part: Literal["lead", "co_signer"]
    sent_at: datetime
    received_at: datetime | None


class DeliveryOut(BaseModel):
    """Since when a round's reply is carried out."""

    round: int
    department: str
    delivered_on: date
    evidence: str
    recorded_at: datetime


class PublishedOut(BaseModel):
    """What of a round's reply is published; null is kept back."""

    round: int
    title: str
    suggestion: str | None
    reply: str | None
    published_at: datetime


class AnswersOut(BaseModel):
    """What became of a case's replies, each by rounds."""

    case_id: uuid.UUID
    number: str
    status: Status
    version: int
    replies: list[RepliedOut]
    answers: list[AnswerOut]
    deliveries: list[DeliveryOut]
    published: list[PublishedOut]


async def _out(tx: Tx, case: CaseState) -> AnswersOut:
    about: dict[str, Any] = {name: getattr(case, name) for name in ("number", "status", "version")}
    return AnswersOut.model_validate({"case_id": case.id, **about, **await queries.answers_of(tx, case.id)})


@router.get("/cases/{case_id}/answers")
async def read(case_id: uuid.UUID, tx: InTx, caller: Reader) -> AnswersOut:
    """To whom the replies of a case went, since when they are carried out, and what of them is published."""
    return await _out(tx, await find_case(tx, caller, case_id))


@router.get("/signed-cases/{case_id}/answers")
async def read_signed(case_id: uuid.UUID, tx: InTx, caller: Signer) -> AnswersOut:
    """The same for those who signed the suggestion."""
    return await _out(tx, await find_signed(tx, caller, case_id))


@router.post("/signed-cases/{case_id}/receipt")
async def receive(case_id: uuid.UUID, body: ReceiptIn, tx: InTx, caller: Signer) -> AnswersOut:
    """A signer has the reply."""
    return await _out(tx, await actions.receive(tx, case_id, caller, body.round))


@router.post("/cases/{case_id}/deliver")
async def deliver(
    case_id: uuid.UUID, body: DeliverIn, tx: InTx, version: IfMatch, caller: Annotated[Caller, requires(permission_of("deliver"))]
) -> CaseOut:
    """The lead department records that what it replied is carried out."""
    return await whole(tx, await actions.deliver(tx, case_id, caller, version, **dict(body)))


@router.post("/cases/{case_id}/publish")
async def publish(case_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Annotated[Caller, requires("case.publish")]) -> AnswersOut:
    """The desk publishes the newest reply to a suggestion."""
    return await _out(tx, await actions.publish(tx, case_id, caller, version))
