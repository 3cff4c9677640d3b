"""The doors to personal data: masked by default, opened for a purpose, erased, held."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel, Field

from services.intake.disclosing import PurposeIn, reveal
from services.intake.opening import opened
from services.intake.privacy import actions, queries, rules
from services.intake.privacy.errors import MatterUnknown
from services.intake.privacy.settings import Named
from shared.clock import now
from shared.events.intake_privacy import MatterKind
from shared.http import InTx, Lang, RequestModel, service_router
from shared.identity import Caller, public, requires

router = service_router(tags=["privacy"])

Eraser = Annotated[Caller, requires("personal.erase")]
LookupCode = Annotated[str, Header(alias="X-Lookup-Code", max_length=64, description="the code that came with the number")]
Id = uuid.UUID


class OwnIn(RequestModel):
    """The number that came with the lookup code. It stands in the body: addresses are logged by many."""

    number: str = Field(min_length=1, max_length=64)


class GroundIn(RequestModel):
    """A ground of the place's list."""

    ground: str = Field(min_length=1, max_length=40)


class ErasedOut(BaseModel):
    """The contact data of a matter are gone for good."""

    kind: MatterKind
    ground: str
    erased_at: datetime


class HoldOut(BaseModel):
    """A hold on a matter."""

    kind: MatterKind
    matter_id: Id
    ground: str
    held_at: datetime
    lifted_at: datetime | None


class FieldsOut(BaseModel):
    """Contact data by field. `masked`: as they are shown by default (138****1234, 张**)."""

    masked: bool
    fields: dict[str, str | None]


class ListedOut(BaseModel):
    """A code of the place's list."""

    code: str
    label: str


class ListsOut(BaseModel):
    """What may be named as a purpose of reading, a ground of erasing and a ground of a hold."""

    purposes: list[ListedOut]
    erase_grounds: list[ListedOut]
    hold_grounds: list[ListedOut]


class RuleOut(BaseModel):
    """A rule of retention. `due`: matters that it would erase now, with `files`; `held`: those it would, were there no hold."""

    group: str
    days: int
    source: str
    due: int
    held: int
    files: int


@router.get("/privacy/lists")
async def lists(tx: InTx, lang: Lang, caller: Annotated[Caller, requires("personal.unmask", "personal.erase")]) -> ListsOut:
    """The place's purposes and grounds."""

    def listed(named: tuple[Named, ...]) -> list[ListedOut]:
        return [ListedOut(code=one.code, label=one.label.of(lang)) for one in named]

    policy = tx.policy.privacy
    return ListsOut(purposes=listed(policy.purposes), erase_grounds=listed(policy.erase_grounds), hold_grounds=listed(policy.hold_grounds))


@router.get("/personal/{kind}/{matter_id}/contact")
async def masked(kind: MatterKind, matter_id: Id, tx: InTx, caller: Annotated[Caller, requires("personal.read")]) -> FieldsOut:
    """The contact data of a matter of the caller's region, masked. For a desk to see whom a matter is from, not to call them."""
    matter = await queries.matter_in_reach(tx, kind, matter_id, caller)
    return FieldsOut(masked=True, fields=rules.masked(opened(tx, matter.id, matter.key_wrapped, matter.boxes)))


# A reading that must be audited is a POST; its answer holds personal data and is therefore not kept for a repeated key.
@router.post("/opinions/{opinion_id}/contact", openapi_extra={"x-idempotent": False})
async def contact(opinion_id: Id, body: PurposeIn, tx: InTx, caller: Annotated[Caller, requires("personal.unmask")]) -> FieldsOut:
    """How to reach the sender of an opinion, for staff of its region and for a purpose of the place's list."""
    matter = await queries.matter_in_reach(tx, "opinion", opinion_id, caller)
    if not caller.may("personal.read"):
        raise MatterUnknown()
    return FieldsOut(masked=False, fields=await reveal(tx, matter.id, matter.key_wrapped, matter.boxes, caller, body.purpose))


@router.post("/public/erasures")
async def erase_own(body: OwnIn, tx: InTx, caller: Annotated[Caller | None, public()], lookup_code: LookupCode = "") -> ErasedOut:
    """Erases the contact data of an opinion, appointment or petition for whoever has its lookup code. It cannot be undone."""
    done = await actions.erase_own(tx, body.number, lookup_code)
    return ErasedOut.model_validate(done.model_dump(include={"kind", "ground", "erased_at"}))


@router.post("/personal/{kind}/{matter_id}/erase")
async def erase(
    kind: MatterKind, matter_id: Id, body: GroundIn, tx: InTx, caller: Annotated[Caller, requires("personal.erase", "suggestion.raise")]
) -> ErasedOut:
    """Erases contact data on a ground of the list: staff of the region, a lead deputy the own data. It cannot be undone."""
    done = await actions.erase(tx, kind, matter_id, caller, body.ground)
    return ErasedOut.model_validate(done.model_dump(include={"kind", "ground", "erased_at"}))


@router.post("/personal/{kind}/{matter_id}/hold", status_code=201)
async def hold(kind: MatterKind, matter_id: Id, body: GroundIn, tx: InTx, caller: Eraser) -> HoldOut:
    """Keeps contact data from being erased."""
    row = await actions.hold(tx, kind, matter_id, caller, body.ground)
    return HoldOut.model_validate(row.model_dump(include=set(HoldOut.model_fields)))


@router.post("/personal/{kind}/{matter_id}/lift")
async def lift(kind: MatterKind, matter_id: Id, tx: InTx, caller: Eraser) -> HoldOut:
    """Lifts a hold."""
    row = await actions.lift(tx, kind, matter_id, caller)
    return HoldOut.model_validate(row.model_dump(include=set(HoldOut.model_fields)))


@router.get("/retention")
async def retention(tx: InTx, caller: Eraser) -> list[RuleOut]:
    """What each rule would erase now, in the whole place: a dry run, nothing is changed. The clock erases it within the hour."""
    found = [await queries.due_now(tx, one, rules.due_before(one, now())) for one in tx.policy.privacy.retention]
    return [RuleOut(**one.keeping.model_dump(), due=one.due, held=one.held, files=one.files) for one in found]
