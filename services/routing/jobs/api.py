"""The doors of bulk jobs: many cases handed over or exported at once, with progress, refusals by name, and a file."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, model_validator
from sqlalchemy import select
from sqlmodel import col

from services.routing import rules as machine
from services.routing.api import Organisation, Reader
from services.routing.jobs import actions, queries
from services.routing.jobs.errors import JobDeleted, JobHasNoFile, JobNotReady
from services.routing.jobs.models import Job, JobPage
from services.routing.queries import Filters
from shared import sheets
from shared.db import Database
from shared.http import InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["jobs"])
downloads = service_router(transaction=False, tags=["jobs"])

Desk = Annotated[Caller, requires("case.assign")]


class WantedIn(RequestModel):
    """Which cases, as the list of cases takes its filters."""

    status: machine.Status | None = None
    department: str | None = Field(default=None, max_length=40)
    overdue: bool | None = None
    q: str | None = Field(default=None, max_length=100)

    def filters(self) -> Filters:
        """The same for a query."""
        return Filters(self.status, self.department or None, self.overdue, self.q or None)


class BulkAssignIn(RequestModel):
    """Which cases are to be handed over to whom: those named, or those that fit."""

    cases: list[uuid.UUID] | None = Field(default=None, min_length=1, max_length=20_000)
    wanted: WantedIn | None = None
    lead: Organisation
    co_handlers: list[Organisation] = Field(default=[], max_length=10)
    category: str | None = Field(default=None, min_length=1, max_length=40)

    @model_validator(mode="after")
    def _one_of_both(self) -> BulkAssignIn:
        if (self.cases is None) == (self.wanted is None):
            raise ValueError("either cases or wanted")
        return self


class JobOut(BaseModel):
    """How far a job is: `done` and `refused` of `total` cases. A file is there when an export is ready, until it is deleted."""

    id: uuid.UUID
    kind: Literal["assign", "export"]
    state: Literal["under_way", "ready", "deleted"]
    total: int
    done: int
    refused: int
    asked_at: datetime
    finished_at: datetime | None


class RefusedOut(BaseModel):
    """A case to which nothing was done, and the name of the refusal. `number` is null for one that the caller does not see."""

    case_id: uuid.UUID
    number: str | None
    code: str


def _out(job: Job) -> JobOut:
    return JobOut.model_validate(job.model_dump(include=set(JobOut.model_fields)))


@router.post("/jobs/assign", status_code=202)
async def ask_assign(body: BulkAssignIn, tx: InTx, lang: Lang, caller: Desk) -> JobOut:
    """Begins to hand over many cases. One that has changed when its turn comes is left as it is and listed with the refusal's name."""
    filters = body.wanted.filters() if body.wanted else None
    to: dict[str, Any] = {"lead": body.lead, "co_handlers": body.co_handlers, "category": body.category}
    return _out(await actions.ask_assign(tx, caller, lang, ids=body.cases, filters=filters, **to))


@router.post("/jobs/export", status_code=202)
async def ask_export(body: WantedIn, tx: InTx, lang: Lang, caller: Reader) -> JobOut:
    """Begins to write a list of cases that the caller may see."""
    return _out(await actions.ask_export(tx, caller, lang, body.filters()))


@router.get("/jobs")
async def jobs(tx: InTx, caller: Reader, page: Paging) -> Page[JobOut]:
    """The caller's jobs, the newest first."""
    rows, cursor = page_of(await queries.jobs_of(tx, caller, page), page.limit, key=lambda job: (job.asked_at, job.id))
    return Page(items=[_out(job) for job in rows], next_cursor=cursor)


@router.get("/jobs/{job_id}")
async def job(job_id: uuid.UUID, tx: InTx, caller: Reader) -> JobOut:
    """How far a job is."""
    return _out(await queries.job_of(tx, caller, job_id))


@router.get("/jobs/{job_id}/refused")
async def refused(job_id: uuid.UUID, tx: InTx, caller: Reader, page: Paging) -> Page[RefusedOut]:
    """The cases to which nothing was done, in the order of the job."""
    found = await queries.job_of(tx, caller, job_id)
    rows, cursor = page_of(await queries.refused_of(tx, found.id, page), page.limit, key=lambda item: (item.position,))
    return Page(items=[RefusedOut(case_id=one.case_id, number=one.number, code=one.outcome or "") for one in rows], next_cursor=cursor)


@downloads.get("/jobs/{job_id}/file", response_class=StreamingResponse)
async def file(
    job_id: uuid.UUID,
    request: Request,
    caller: Reader,
    format: sheets.Format = "xlsx",  # noqa: A002 - the parameter's name
) -> StreamingResponse:
    """The file of a finished export, as CSV or XLSX. Texts stay texts in both: nothing is calculated when it is opened."""
    database: Database = request.app.state.database
    async with database.transaction(reading=True) as tx:
        found = await queries.job_of(tx, caller, job_id)
    if found.kind != "export":
        raise JobHasNoFile
    if found.state == "deleted":
        raise JobDeleted
    if found.state != "ready":
        raise JobNotReady(done=found.done + found.refused, total=found.total)
    pages = _pages(database, job_id)
    headers = {
        "Content-Disposition": f'attachment; filename="cases-{found.asked_at:%Y%m%d}.{format}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    content = sheets.as_csv(pages) if format == "csv" else sheets.as_xlsx(pages)
    return StreamingResponse(content, media_type=sheets.MEDIA_TYPES[format], headers=headers)


async def _pages(database: Database, job_id: uuid.UUID) -> AsyncIterator[Sequence[Sequence[Any]]]:
    """One page after the other, each read for itself: a slow client holds no connection."""
    last = -1
    while True:
        async with database.transaction(reading=True) as tx:
            page = select(col(JobPage.position), col(JobPage.rows)).where(col(JobPage.job_id) == job_id, col(JobPage.position) > last)
            found = (await tx.execute(page.order_by(col(JobPage.position)).limit(1))).first()
        if found is None:
            return
        last = found.position
        yield found.rows
