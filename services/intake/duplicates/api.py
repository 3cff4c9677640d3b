"""The doors of texts that are alike: a number for who is about to send, flags and groups for the desk."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.intake.duplicates import actions, queries, rules
from services.intake.duplicates.models import Flag, Group, MassPosting
from services.intake.models import Opinion
from shared.db import Tx
from shared.http import Blank, IfMatch, InTx, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, public, requires
from shared.masking import mask

router = service_router(tags=["duplicates"])

Reader = Annotated[Caller, requires("opinion.read")]
Joiner = Annotated[Caller, requires("opinion.join")]
_EXCERPT = 200
_NOBODY = uuid.UUID(int=0)


class SimilarIn(RequestModel):
    """The text that somebody is about to send."""

    text: str = Field(min_length=1, max_length=20_000)


class SimilarOut(BaseModel):
    """How many have said this; 0 when fewer than the place tells of. Nothing of what they wrote."""

    people: int


@router.post("/opinions/similar", openapi_extra={"x-idempotent": False})
async def similar(form: SimilarIn, tx: InTx, caller: Annotated[Caller | None, public()]) -> SimilarOut:
    """How many others have said what one is about to send. Keeps nothing."""
    found = await queries.alike(tx, rules.print_of(form.text), tx.policy.duplicates.alike, _NOBODY)
    people = await queries.people(tx, found) if found else 0
    return SimilarOut(people=people if people >= tx.policy.duplicates.told_from else 0)


class SideOut(BaseModel):
    """One of two opinions that are alike. Telephone and identity numbers are masked."""

    id: uuid.UUID
    number: str
    region: str
    title: str
    excerpt: str
    submitted_at: datetime


class FlagOut(BaseModel):
    """Two opinions that are alike, for a person to decide. `similarity` is the share of common strings, 0 to 1."""

    id: uuid.UUID
    similarity: float
    reason: rules.Reason
    state: rules.State
    opinion: SideOut
    earlier: SideOut
    found_at: datetime
    version: int


class DecidedOut(BaseModel):
    """A flag as it was decided."""

    id: uuid.UUID
    state: rules.State
    version: int


class GroupOut(BaseModel):
    """Opinions joined to one handling; each keeps its own track and reply."""

    id: uuid.UUID
    lead_id: uuid.UUID
    opinions: list[uuid.UUID]
    formed_at: datetime
    dissolved_at: datetime | None
    version: int


class JoinIn(RequestModel):
    """Opinions to join, the lead among them."""

    lead_id: uuid.UUID
    opinions: list[uuid.UUID] = Field(min_length=2, max_length=200)


class PartIn(RequestModel):
    """Why an opinion is parted from its group."""

    reason: str = Field(min_length=2, max_length=500)


class SuspicionOut(BaseModel):
    """Many texts alike under few codes in a short time, for a person to judge."""

    root_id: uuid.UUID
    region: str
    messages: int
    codes: int
    first_at: datetime
    last_at: datetime
    state: rules.State
    suspected_at: datetime
    version: int


class DecisionIn(RequestModel):
    """What the desk makes of a suspicion."""

    decision: Literal["confirmed", "rejected"]


@router.get("/duplicate-flags")
async def flags(tx: InTx, paging: Paging, caller: Reader, state: Annotated[rules.State | None, Blank] = None) -> Page[FlagOut]:
    """Opinions that are alike, in the caller's region, newest first."""
    after = paging.after(uuid.UUID)
    found = await queries.page_of_flags(tx, caller, state, after[0] if after else None, paging.limit)
    rows, cursor = page_of(found, paging.limit, key=lambda row: (row[0].id,))
    return Page(items=[_flag_out(*row) for row in rows], next_cursor=cursor)


@router.post("/duplicate-flags/{flag_id}/confirm", status_code=201)
async def confirm(flag_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Joiner) -> GroupOut:
    """Joins the two opinions to one handling."""
    return await _group_out(tx, await actions.confirm(tx, flag_id, caller, version))


@router.post("/duplicate-flags/{flag_id}/reject")
async def reject(flag_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Joiner) -> DecidedOut:
    """Says that the two are not about the same."""
    found = await actions.reject(tx, flag_id, caller, version)
    return DecidedOut.model_validate(found, from_attributes=True)


@router.post("/joined-groups", status_code=201)
async def join(body: JoinIn, tx: InTx, caller: Joiner) -> GroupOut:
    """Joins opinions to one handling, flagged or not; to the group that one of them is in, if so."""
    return await _group_out(tx, await actions.join(tx, caller, body.lead_id, body.opinions))


@router.get("/joined-groups/{group_id}")
async def group(group_id: uuid.UUID, tx: InTx, caller: Reader) -> GroupOut:
    """One group."""
    return await _group_out(tx, await queries.group(tx, group_id, caller))


@router.post("/joined-groups/{group_id}/opinions/{opinion_id}/part")
async def part(group_id: uuid.UUID, opinion_id: uuid.UUID, body: PartIn, tx: InTx, version: IfMatch, caller: Joiner) -> GroupOut:
    """Parts an opinion from its group; a group of one is dissolved."""
    return await _group_out(tx, await actions.part(tx, group_id, opinion_id, caller, version, reason=body.reason))


@router.get("/mass-postings")
async def suspicions(tx: InTx, paging: Paging, caller: Reader, state: Annotated[rules.State | None, Blank] = None) -> Page[SuspicionOut]:
    """Suspicions of mass posting in the caller's region, newest first."""
    after = paging.after(datetime, uuid.UUID)
    found = await queries.page_of_suspicions(tx, caller, state, (after[0], after[1]) if after else None, paging.limit)
    rows, cursor = page_of(found, paging.limit, key=lambda row: (row.suspected_at, row.root_id))
    return Page(items=[_suspicion_out(row) for row in rows], next_cursor=cursor)


@router.post("/mass-postings/{root_id}/decide")
async def decide(root_id: uuid.UUID, body: DecisionIn, tx: InTx, version: IfMatch, caller: Joiner) -> SuspicionOut:
    """Says whether it is one. The opinions stay as they are."""
    return _suspicion_out(await actions.decide_suspicion(tx, root_id, caller, version, decision=body.decision))


def _flag_out(flag: Flag, later: Opinion, earlier: Opinion) -> FlagOut:
    kept = flag.model_dump(include=set(FlagOut.model_fields))
    return FlagOut(**kept, opinion=_side(later), earlier=_side(earlier))


def _side(opinion: Opinion) -> SideOut:
    kept = opinion.model_dump(include={"id", "number", "region", "submitted_at"})
    return SideOut(**kept, title=mask(opinion.title), excerpt=mask(opinion.text)[:_EXCERPT])


async def _group_out(tx: Tx, group: Group) -> GroupOut:
    await tx.flush()
    members = await queries.members(tx, group.id)
    return GroupOut(**group.model_dump(include=set(GroupOut.model_fields)), opinions=[one.opinion_id for one in members])


def _suspicion_out(found: MassPosting) -> SuspicionOut:
    return SuspicionOut.model_validate(found, from_attributes=True)
