"""Doors of planning: the year by one rule, single meetings, moving and cancelling; lists for staff and deputies."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field, HttpUrl

from services.intake.civil import Moment
from services.intake.receptions import queries
from services.intake.receptions.actions import planning
from services.intake.receptions.api import views
from shared.http import Blank, IfMatch, InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["receptions"])

Staff = Annotated[Caller, requires("reception.run")]
Reader = Annotated[Caller, requires("reception.read")]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
RegionCode = Annotated[str, Field(min_length=2, max_length=24, pattern=r"^[0-9a-z]+$")]
Year = Annotated[int, Query(ge=2000, le=2200)]


class ExpertIn(RequestModel):
    """An expert who sits beside the deputies."""

    name: str = Field(min_length=1, max_length=60)
    field: str = Field(min_length=1, max_length=60)


class MeetingIn(RequestModel):
    """What is planned. At a station, or at a place in a region."""

    theme: str = Field(min_length=2, max_length=200)
    station_id: uuid.UUID | None = None
    place: str | None = Field(default=None, min_length=2, max_length=200)
    region: RegionCode | None = None
    partners: list[RegionCode] = Field(default_factory=list, max_length=20)
    link: Annotated[HttpUrl, Field(max_length=500)] | None = None
    deputies: list[uuid.UUID] = Field(default_factory=list, max_length=200)
    experts: list[ExpertIn] = Field(default_factory=list, max_length=50)
    short_notice_reason: str | None = Field(default=None, min_length=2, max_length=500)

    def meeting(self) -> planning.Meeting:
        """As the verb takes it."""
        return planning.Meeting(
            theme=self.theme,
            station_id=self.station_id,
            place=self.place,
            region=self.region,
            partners=tuple(dict.fromkeys(self.partners)),
            link=str(self.link) if self.link else None,
            deputies=tuple(dict.fromkeys(self.deputies)),
            experts=tuple((one.name, one.field) for one in self.experts),
            short_notice_reason=self.short_notice_reason,
        )


class ReceptionIn(MeetingIn):
    """A meeting to plan, with its times."""

    kind: Code
    starts_at: Moment
    ends_at: Moment


class PlanIn(MeetingIn):
    """The days of a year's plan that shall be saved, as they were shown."""

    calendar: Code
    year: int = Field(ge=2000, le=2200)
    days: Annotated[list[date], Field(min_length=1, max_length=12)]


class MoveIn(RequestModel):
    """New times of a meeting."""

    starts_at: Moment
    ends_at: Moment
    short_notice_reason: str | None = Field(default=None, min_length=2, max_length=500)


class ReasonIn(RequestModel):
    """Why a meeting is cancelled. It is shown to the public."""

    reason: str = Field(min_length=2, max_length=500)


@router.get("/receptions/plan")
async def show_plan(tx: InTx, lang: Lang, caller: Staff, calendar: Annotated[Code, Query()], year: Year) -> views.PlanOut:
    """A year by a rule, nothing saved: each month's day, where days off move it, and where "third Tuesday" would be another."""
    found, days = planning.year_plan(tx.policy.receptions, calendar, year)
    return views.plan_out(found, days, lang)


@router.post("/receptions/plan", status_code=201)
async def save_plan(body: PlanIn, tx: InTx, lang: Lang, caller: Staff) -> list[views.ListedOut]:
    """Plans the days of a year's plan that were seen and are wanted: all of them, or none."""
    made = await planning.plan_year(tx, caller, body.calendar, body.year, body.days, body.meeting())
    return await views.listed(tx, made, lang)


@router.post("/receptions", status_code=201)
async def plan(body: ReceptionIn, tx: InTx, lang: Lang, caller: Staff) -> views.DetailOut:
    """Plans one meeting."""
    made = await planning.plan(tx, caller, body.kind, planning.Times(body.starts_at, body.ends_at), body.meeting())
    return await views.detail(tx, made, lang)


@router.post("/receptions/{reception_id}/move")
async def move(reception_id: uuid.UUID, body: MoveIn, tx: InTx, lang: Lang, version: IfMatch, caller: Staff) -> views.DetailOut:
    """Moves a planned meeting to another time."""
    return await views.detail(tx, await planning.move(tx, reception_id, caller, version, **body.model_dump()), lang)


@router.post("/receptions/{reception_id}/cancel")
async def cancel(reception_id: uuid.UUID, body: ReasonIn, tx: InTx, lang: Lang, version: IfMatch, caller: Staff) -> views.DetailOut:
    """Cancels a planned meeting."""
    return await views.detail(tx, await planning.cancel(tx, reception_id, caller, version, reason=body.reason), lang)


@router.get("/receptions")
async def receptions(
    *,
    tx: InTx,
    lang: Lang,
    caller: Reader,
    paging: Paging,
    since: Annotated[Moment | None, Blank] = None,
    until: Annotated[Moment | None, Blank] = None,
) -> Page[views.ListedOut]:
    """The receptions of the caller's region in the order of time, with their figures."""
    after = paging.after(datetime, uuid.UUID)
    rows = await queries.page_of_receptions(
        tx, queries.within(caller), since=since, until=until, after=(after[0], after[1]) if after else None, limit=paging.limit
    )
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.starts_at, row.id))
    return Page(items=await views.listed(tx, items, lang), next_cursor=cursor)


@router.get("/receptions/{reception_id}")
async def reception(reception_id: uuid.UUID, tx: InTx, lang: Lang, caller: Reader) -> views.DetailOut:
    """One reception of the caller's region."""
    return await views.detail(tx, await queries.reception(tx, reception_id, caller), lang)
