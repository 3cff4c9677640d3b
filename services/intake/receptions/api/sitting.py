"""Doors of the day itself: signing in, persons received, matters and their stages, concluding; comments to be decided on."""

from __future__ import annotations

import uuid
from typing import Annotated, cast

from fastapi import Depends, Query
from pydantic import Field

from services.intake import actions as opinions
from services.intake.api import ContactIn
from services.intake.receptions import queries
from services.intake.receptions.actions import attendance, comments, matters
from services.intake.receptions.api import views
from services.intake.receptions.models import Matter
from shared import codes
from shared.db import Tx
from shared.events.intake_receptions import MatterStage, MeetingChannel, Presence
from shared.http import IfMatch, InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, code_keys, requires
from shared.masking import mask

router = service_router(tags=["receptions"])

Staff = Annotated[Caller, requires("reception.run")]
Reader = Annotated[Caller, requires("reception.read")]
Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class SignInIn(RequestModel):
    """The station's code as scanned. `reception_id` is needed only where several are held at once."""

    code: str = Field(min_length=1, max_length=200)
    reception_id: uuid.UUID | None = None


class AttendanceIn(RequestModel):
    """Whether a deputy came, and on site or online."""

    deputy_id: uuid.UUID
    presence: Presence
    channel: MeetingChannel | None = None


class BroughtIn(RequestModel):
    """A matter as the person brought it. `region`: of the neighbouring congress at the meeting (毗邻人大) that it is handed to."""

    title: str = Field(min_length=1, max_length=200)
    text: Text
    category: str | None = Field(default=None, max_length=40)
    region: str | None = Field(default=None, min_length=2, max_length=24, pattern=r"^[0-9a-z]+$")


class ReceivedIn(RequestModel):
    """A person received, with all they brought. `declined`: the ground of each matter that was not taken."""

    channel: MeetingChannel
    contact: ContactIn | None = None
    matters: list[BroughtIn] = Field(default_factory=list, max_length=20)
    declined: list[Annotated[str, Field(max_length=40)]] = Field(default_factory=list, max_length=20)


class StepIn(RequestModel):
    """The stage that a matter reached, or in which it was settled, and how."""

    stage: MatterStage
    settled: bool = False
    note: str = Field(min_length=2, max_length=5_000)


class ConcludeIn(RequestModel):
    """Completes the record. `audience`: viewers and visitors beside those received one by one."""

    audience: int = Field(default=0, ge=0, le=10_000_000)


class DecisionIn(RequestModel):
    """Whether a comment is shown."""

    show: bool


@router.post("/receptions/sign-in")
async def sign_in(
    body: SignInIn, tx: InTx, keys: Annotated[list[bytes], Depends(code_keys)], caller: Annotated[Caller, requires("reception.sign_in")]
) -> views.AttendanceOut:
    """A deputy signs in with the code of the station where they are."""
    _, signed = await attendance.sign_in(tx, caller, codes.read(body.code, keys), body.reception_id)
    return views.attendance_out(signed, None)


@router.post("/receptions/{reception_id}/attendance")
async def enter_attendance(reception_id: uuid.UUID, body: AttendanceIn, tx: InTx, caller: Staff) -> views.AttendanceOut:
    """Staff enter whether a deputy came."""
    return views.attendance_out(await attendance.enter(tx, reception_id, caller, body.deputy_id, body.presence, body.channel), None)


@router.post("/receptions/{reception_id}/received", status_code=201)
async def receive(reception_id: uuid.UUID, body: ReceivedIn, tx: InTx, caller: Staff) -> views.ReceivedOut:
    """Enters a person received; each matter becomes an opinion with a number and a lookup code."""
    sender = opinions.Sender(body.contact.name, body.contact.phone) if body.contact else None
    brought = [matters.Brought(one.title, one.text, one.category, one.region) for one in body.matters]
    received, taken = await matters.receive(tx, reception_id, caller, body.channel, sender, brought, body.declined)
    receipts = [views.ReceiptOut(matter_id=one.matter.id, number=one.receipt.number, lookup_code=one.receipt.lookup_code) for one in taken]
    return views.ReceivedOut(id=received.id, taken=receipts, declined=len(body.declined))


@router.post("/receptions/{reception_id}/conclude")
async def conclude(reception_id: uuid.UUID, body: ConcludeIn, tx: InTx, lang: Lang, version: IfMatch, caller: Staff) -> views.DetailOut:
    """Completes the record of a reception."""
    return await views.detail(tx, await attendance.conclude(tx, reception_id, caller, version, audience=body.audience), lang)


@router.get("/receptions/{reception_id}/matters")
async def list_matters(reception_id: uuid.UUID, tx: InTx, lang: Lang, caller: Reader, paging: Paging) -> Page[views.MatterOut]:
    """The matters of a reception, oldest first. Numbers in titles are masked."""
    await queries.reception(tx, reception_id, caller)
    after = paging.after(uuid.UUID)
    rows = await queries.page_of_matters(tx, reception_id, after[0] if after else None, paging.limit)
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row[0].id,))
    return Page(items=[_matter(tx, *row, lang) for row in items], next_cursor=cursor)


@router.post("/matters/{matter_id}/steps")
async def step(matter_id: uuid.UUID, body: StepIn, tx: InTx, lang: Lang, version: IfMatch, caller: Staff) -> views.MatterOut:
    """Takes a matter to its next stage, or settles it."""
    moved = await matters.step(tx, matter_id, caller, version, stage=body.stage, settled=body.settled, note=body.note)
    return _matter(tx, moved, None, None, None, lang)


@router.get("/matters/{matter_id}/steps")
async def steps(matter_id: uuid.UUID, tx: InTx, lang: Lang, caller: Reader) -> list[views.StepOut]:
    """How a matter came to where it is."""
    await queries.matter(tx, matter_id, caller)
    labels = tx.policy.receptions.stages
    return [
        views.StepOut(
            stage=cast(MatterStage, one.stage),
            stage_label=labels[cast(MatterStage, one.stage)].of(lang),
            settled=one.settled,
            note=one.note,
            at=one.at,
        )
        for one in await queries.steps(tx, matter_id)
    ]


@router.get("/receptions/{reception_id}/comments")
async def list_comments(
    reception_id: uuid.UUID,
    tx: InTx,
    caller: Staff,
    paging: Paging,
    state: Annotated[str, Query(pattern="^(pending|shown|hidden)$")] = "pending",
) -> Page[views.CommentOut]:
    """Comments of a state, oldest first."""
    await queries.reception(tx, reception_id, caller)
    after = paging.after(uuid.UUID)
    rows = await queries.page_of_comments(tx, reception_id, state, after[0] if after else None, paging.limit)
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.id,))
    return Page(items=[views.CommentOut.model_validate(one.model_dump()) for one in items], next_cursor=cursor)


@router.post("/receptions/{reception_id}/comments/{comment_id}")
async def decide(reception_id: uuid.UUID, comment_id: uuid.UUID, body: DecisionIn, tx: InTx, caller: Staff) -> views.CommentOut:
    """Shows or hides a comment."""
    decided = await comments.decide(tx, reception_id, comment_id, caller, show=body.show)
    return views.CommentOut.model_validate(decided.model_dump())


def _matter(tx: Tx, matter: Matter, number: str | None, title: str | None, status: str | None, lang: str) -> views.MatterOut:
    policy = tx.policy.receptions
    ground = next((one for one in policy.not_taken if one.code == matter.declined), None)
    return views.MatterOut.model_validate(
        {
            **matter.model_dump(),
            "number": number,
            "title": mask(title) if title else None,
            "status": status,
            "declined_label": ground.label.of(lang) if ground else None,
            "stage_label": policy.stages[cast(MatterStage, matter.stage)].of(lang),
        }
    )
