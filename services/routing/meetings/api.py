"""The doors of meetings on cases: the desk calls, ticks off, counts and closes; units read those they were called to."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.routing.meetings import actions, queries, rules
from services.routing.meetings.models import Meeting
from shared.db import Tx
from shared.http import Blank, IfMatch, InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["meetings"])

Desk = Annotated[Caller, requires("case.supervise")]
Reader = Annotated[Caller, requires("case.read", "case.read.own", "case.read.counterpart")]
Overseer = Annotated[Caller, requires("case.read")]
Organisation = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Code = Annotated[str, Field(min_length=1, max_length=40)]


class MeetingIn(RequestModel):
    """A meeting of a type of the profile, the cases on its agenda, and the units that are to be present."""

    type: Code
    title: str = Field(min_length=1, max_length=200)
    held_on: date
    cases: list[uuid.UUID] = Field(min_length=1, max_length=50)
    units: list[Organisation] = Field(min_length=1, max_length=50)


class PresentIn(RequestModel):
    """The units that are present."""

    organisations: list[Organisation] = Field(max_length=50)


class VotesIn(RequestModel):
    """Votes for each level; a level left out has none."""

    votes: dict[Code, Annotated[int, Field(ge=0, le=10_000)]] = Field(max_length=10)


class SpotPromiseIn(RequestModel):
    """What a unit promises on the spot, on which case, by which day."""

    case_id: uuid.UUID
    organisation: Organisation
    promised: str = Field(min_length=1, max_length=2000)
    promised_by: date


class MinutesIn(RequestModel):
    """The minutes."""

    minutes: str = Field(min_length=1, max_length=20_000)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MeetingLine(_Out):
    """A meeting in a list."""

    id: uuid.UUID
    type: str
    title: str
    held_on: date
    state: rules.State
    version: int


class MeetingPart(BaseModel):
    """A set part of the meeting, and whether it is done."""

    code: str
    label: str
    done: bool


class AgendaItem(_Out):
    """A case on the agenda, with the votes on it."""

    case_id: uuid.UUID
    number: str
    votes: dict[str, int] | None


class MeetingUnitOut(_Out):
    """A unit that was called; `present` is unknown before it was entered."""

    organisation: str
    present: bool | None


class SpotPromise(_Out):
    """A promise made on the spot."""

    id: uuid.UUID
    case_id: uuid.UUID
    department: str
    promised: str
    promised_by: date
    state: str


class MeetingOut(MeetingLine):
    """A meeting with all that was entered of it."""

    label: str
    called_at: datetime
    minutes: str | None
    parts: list[MeetingPart]
    agenda: list[AgendaItem]
    units: list[MeetingUnitOut]
    promises: list[SpotPromise]


class YearlyMeeting(BaseModel):
    """A type of meeting that is to be held each year, and how many were held in the year asked for."""

    type: str
    label: str
    held: int


async def _whole(tx: Tx, meeting: Meeting, lang: str) -> MeetingOut:
    await tx.flush()
    agenda = await queries.agenda_of(tx, meeting.id)
    kind = rules.kind_of(meeting)
    done = rules.parts_done(meeting, kind, agenda)
    return MeetingOut(
        **MeetingLine.model_validate(meeting).model_dump(),
        label=getattr(kind.label, lang),
        called_at=meeting.called_at,
        minutes=meeting.minutes,
        parts=[MeetingPart(code=one.code, label=getattr(one.label, lang), done=done[one.code]) for one in kind.parts],
        agenda=[AgendaItem.model_validate(one) for one in agenda],
        units=[MeetingUnitOut.model_validate(one) for one in await queries.units_of(tx, meeting.id)],
        promises=[SpotPromise.model_validate(one) for one in await queries.promises_of(tx, meeting, agenda)],
    )


@router.post("/meetings", status_code=201)
async def call(body: MeetingIn, tx: InTx, lang: Lang, caller: Desk) -> MeetingOut:
    """Calls a meeting; each unit hears of it."""
    said: dict[str, Any] = {"kind": body.type, "title": body.title, "held_on": body.held_on, "cases": body.cases, "units": body.units}
    return await _whole(tx, await actions.call(tx, caller, **said), lang)


@router.get("/meetings")
async def list_meetings(
    tx: InTx,
    caller: Reader,
    page: Paging,
    type: Annotated[str | None, Query(max_length=40)] = None,  # noqa: A002 - the parameter's name
    year: Annotated[Annotated[int, Field(ge=2000, le=2100)] | None, Blank] = None,
) -> Page[MeetingLine]:
    """Meetings, the newest first."""
    rows, cursor = page_of(await queries.list_meetings(tx, caller, page, type or None, year), page.limit, key=lambda m: (m.held_on, m.id))
    return Page(items=[MeetingLine.model_validate(row) for row in rows], next_cursor=cursor)


@router.get("/meetings/yearly")
async def yearly(tx: InTx, caller: Overseer, lang: Lang, year: Annotated[int, Query(ge=2000, le=2100)]) -> list[YearlyMeeting]:
    """Which meetings are to be held each year, and how many were in this one."""
    held = await queries.count_held(tx, caller, year)
    types = [kind for kind in tx.policy.supervising.meetings if kind.yearly]
    return [YearlyMeeting(type=kind.code, label=getattr(kind.label, lang), held=held.get(kind.code, 0)) for kind in types]


@router.get("/meetings/{meeting_id}")
async def read(meeting_id: uuid.UUID, tx: InTx, lang: Lang, caller: Reader) -> MeetingOut:
    """A meeting with its parts, agenda, units and promises."""
    return await _whole(tx, await queries.find(tx, caller, meeting_id), lang)


@router.post("/meetings/{meeting_id}/present")
async def present(meeting_id: uuid.UUID, body: PresentIn, tx: InTx, lang: Lang, version: IfMatch, caller: Desk) -> MeetingOut:
    """Enters which units are present."""
    return await _whole(tx, await actions.present(tx, meeting_id, caller, version, **dict(body)), lang)


@router.post("/meetings/{meeting_id}/parts/{part}")
async def tick(meeting_id: uuid.UUID, part: Code, tx: InTx, lang: Lang, version: IfMatch, caller: Desk) -> MeetingOut:
    """Ticks off a set part (规定环节)."""
    return await _whole(tx, await actions.tick(tx, meeting_id, part, caller, version), lang)


@router.post("/meetings/{meeting_id}/cases/{case_id}/votes")
async def test(
    meeting_id: uuid.UUID, case_id: uuid.UUID, body: VotesIn, tx: InTx, lang: Lang, version: IfMatch, caller: Desk
) -> MeetingOut:
    """Enters the deputies' votes on the handling of a case (专项测评)."""
    return await _whole(tx, await actions.test(tx, meeting_id, case_id, caller, version, **dict(body)), lang)


@router.post("/meetings/{meeting_id}/promises")
async def promise(meeting_id: uuid.UUID, body: SpotPromiseIn, tx: InTx, lang: Lang, version: IfMatch, caller: Desk) -> MeetingOut:
    """Enters what a unit promises on the spot (直办会)."""
    return await _whole(tx, await actions.promise(tx, meeting_id, caller, version, **dict(body)), lang)


@router.post("/meetings/{meeting_id}/hold")
async def hold(meeting_id: uuid.UUID, body: MinutesIn, tx: InTx, lang: Lang, version: IfMatch, caller: Desk) -> MeetingOut:
    """Closes a meeting with its minutes."""
    return await _whole(tx, await actions.hold(tx, meeting_id, caller, version, **dict(body)), lang)
