"""The doors of figures and exports, for staff and scoped to their region."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import col

from services.intake.figures import actions, queries, rules
from services.intake.figures.errors import ExportDeleted, ExportNotReady
from services.intake.figures.models import Export, ExportPage
from services.intake.figures.rows import category_label
from services.intake.figures.wanted import By, Wanted
from services.intake.settings import Status
from shared import sheets
from shared.db import Database
from shared.events.directory import CodeKind
from shared.http import Blank, InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["figures"])
downloads = service_router(transaction=False, tags=["figures"])

Reader = Annotated[Caller, requires("figures.read")]
Exporter = Annotated[Caller, requires("export.run")]
Code = Annotated[str, Field(max_length=40, pattern=r"^[a-z_]+$")]
RegionCode = Annotated[str, Field(min_length=2, max_length=24, pattern=r"^[0-9a-z]+$")]


class ShareOut(BaseModel):
    """`n` of `of`. `percent` has one decimal and is null where `of` is 0."""

    n: int
    of: int
    percent: Decimal | None


class FiguresOut(BaseModel):
    """Opinions of one group. `received`: came in within the window. `passed_on` of `received`: routing told at least one hand-over
    to a department. `replied` of those passed on: routing told at least one reply. `solved` of `received`: routing told that the
    sender's rating closed the case. `answered_by_rep` of `received`: a deputy's own answer was enough, never part of `solved`.
    What intake was not told is not counted."""

    key: str | None
    name: str | None
    received: int
    passed_on: ShareOut
    replied: ShareOut
    solved: ShareOut
    answered_by_rep: ShareOut


class TableOut(BaseModel):
    """Figures of a window and a region: all together, and by group."""

    since: date
    until: date
    region: str
    by: By
    total: FiguresOut
    groups: list[FiguresOut]


class ActivityOut(BaseModel):
    """What else happened in a window. `suggestions_submitted`: formally submitted in it, confidential ones apart; `checked` and
    `refused` of these, as they stand now. `receptions_held` began in it; `matters_taken` of those brought to them. `contacts`:
    entries of the contact log of those days that were not struck out."""

    since: date
    until: date
    region: str
    suggestions_submitted: int
    suggestions_checked: ShareOut
    suggestions_refused: ShareOut
    receptions_held: int
    persons_received: int
    matters_taken: ShareOut
    contacts: int


class ExportIn(RequestModel):
    """What to export, and what for: a code of the place's list."""

    what: Literal["opinions", "figures"]
    wanted: Wanted
    purpose: Code


class ExportOut(BaseModel):
    """How far an export is: `done` of `total` rows. When `state` is ready the file can be fetched, until it is deleted."""

    id: uuid.UUID
    what: str
    purpose: str
    region: str
    state: Literal["under_way", "ready", "deleted"]
    done: int
    total: int
    asked_at: datetime
    finished_at: datetime | None


async def _wanted(
    since: date,
    until: date,
    region: Annotated[RegionCode | None, Blank] = None,
    station: Annotated[uuid.UUID | None, Blank] = None,
    deputy: Annotated[uuid.UUID | None, Blank] = None,
    category: Annotated[Code | None, Blank] = None,
    channel: Annotated[CodeKind | None, Blank] = None,
    status: Annotated[Status | None, Blank] = None,
    by: By = "none",
) -> Wanted:
    return Wanted(
        since=since,
        until=until,
        region=region,
        station=station,
        deputy=deputy,
        category=category,
        channel=channel,
        status=status,
        by=by,
    )


@router.get("/figures/opinions")
async def opinions(tx: InTx, lang: Lang, caller: Reader, wanted: Annotated[Wanted, Depends(_wanted)]) -> TableOut:
    """Opinions received, passed on, replied to and solved, each share with its base, in the caller's region."""
    region = actions.region_of(caller, wanted)
    [total] = await queries.counted(tx, wanted.model_copy(update={"by": "none"}), region)
    groups = [] if wanted.by == "none" else await queries.counted(tx, wanted, region)

    def out(one: queries.Counted) -> FiguresOut:
        name = category_label(tx.policy, one.key, lang) if wanted.by == "category" else one.name
        return FiguresOut(
            key=one.key,
            name=name,
            received=one.received,
            passed_on=_share(one.passed_on, one.received),
            replied=_share(one.replied, one.passed_on),
            solved=_share(one.solved, one.received),
            answered_by_rep=_share(one.answered_by_rep, one.received),
        )

    return TableOut(
        since=wanted.since, until=wanted.until, region=region, by=wanted.by, total=out(total), groups=[out(one) for one in groups]
    )


@router.get("/figures/activity")
async def activity(
    tx: InTx, caller: Reader, since: date, until: date, region: Annotated[Annotated[RegionCode, Query()] | None, Blank] = None
) -> ActivityOut:
    """Suggestions, receptions and contacts of a window, in the caller's region."""
    place = actions.region_of(caller, Wanted(since=since, until=until, region=region))
    found = await queries.activity(tx, place, since, until)
    return ActivityOut(
        since=since,
        until=until,
        region=place,
        suggestions_submitted=found.submitted,
        suggestions_checked=_share(found.checked, found.submitted),
        suggestions_refused=_share(found.refused, found.submitted),
        receptions_held=found.held,
        persons_received=found.received,
        matters_taken=_share(found.matters_taken, found.matters_brought),
        contacts=found.contacts,
    )


def _share(n: int, of: int) -> ShareOut:
    found = rules.share(n, of)
    return ShareOut(n=found.n, of=found.of, percent=found.percent)


@router.post("/exports", status_code=202)
async def ask(body: ExportIn, tx: InTx, lang: Lang, caller: Exporter) -> ExportOut:
    """Begins an export. Contact data are in none; numbers in texts are masked. Who exports what, what for and how many rows is audited."""
    return _export(await actions.ask(tx, caller, body.what, body.wanted, body.purpose, lang))


@router.get("/exports")
async def exports(tx: InTx, caller: Exporter, paging: Paging) -> Page[ExportOut]:
    """The caller's exports, the newest first."""
    after = paging.after(datetime, uuid.UUID)
    rows = await queries.page_of_exports(tx, caller, (after[0], after[1]) if after else None, paging.limit)
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.asked_at, row.id))
    return Page(items=[_export(one) for one in items], next_cursor=cursor)


@router.get("/exports/{export_id}")
async def export(export_id: uuid.UUID, tx: InTx, caller: Exporter) -> ExportOut:
    """How far an export is."""
    return _export(await queries.export(tx, export_id, caller))


@downloads.get("/exports/{export_id}/file", response_class=StreamingResponse)
async def file(
    export_id: uuid.UUID,
    request: Request,
    caller: Exporter,
    format: sheets.Format = "xlsx",  # noqa: A002 - the parameter's name
) -> StreamingResponse:
    """The file of a finished export, as CSV or XLSX. Texts stay texts in both: nothing is calculated when it is opened."""
    database: Database = request.app.state.database
    async with database.transaction(reading=True) as tx:
        found = await queries.export(tx, export_id, caller)
    if found.state == "deleted":
        raise ExportDeleted()
    if found.state != "ready":
        raise ExportNotReady(done=found.done, total=found.total)
    pages = _pages(database, export_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{found.what}-{found.asked_at:%Y%m%d}.{format}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    content = sheets.as_csv(pages) if format == "csv" else sheets.as_xlsx(pages)
    return StreamingResponse(content, media_type=sheets.MEDIA_TYPES[format], headers=headers)


async def _pages(database: Database, export_id: uuid.UUID) -> AsyncIterator[Sequence[Sequence[Any]]]:
    """One page after the other, each read for itself: a slow client holds no connection."""
    position = 0
    while True:
        async with database.transaction(reading=True) as tx:
            page = select(col(ExportPage.rows)).where(col(ExportPage.export_id) == export_id, col(ExportPage.position) == position)
            rows = await tx.scalar(page)
        if rows is None:
            return
        yield rows
        position += 1


def _export(export: Export) -> ExportOut:
    return ExportOut.model_validate(export.model_dump(include=set(ExportOut.model_fields)))
