"""What may be read of bulk jobs and of the cases that they are about."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlmodel import col

from services.routing import queries as cases
from services.routing.jobs.errors import JobUnknown
from services.routing.jobs.models import Job, JobItem
from shared.db import Tx
from shared.http import PageQuery
from shared.identity import Caller

_SEEN = """
    SELECT id, number, version FROM cases WHERE id = ANY($1) AND (
        ($2 AND starts_with(region, $3))
        OR (NOT $2 AND id IN (SELECT case_id FROM part WHERE case_id = ANY($1) AND current AND organisation = $4)))
    """
_ROWS = """
    SELECT id, number, title, region, category, status, lead, co_handlers, lane, round, reply_due_at, opened_at
    FROM cases WHERE id = ANY($1)
    """
_NEXT = "SELECT position, case_id, version FROM job_item WHERE job_id = $1 AND position >= $2 ORDER BY position LIMIT $3"


async def fitting(tx: Tx, caller: Caller, filters: cases.Filters, most: int) -> Sequence[Mapping[str, Any]]:
    """Up to `most + 1` cases that the caller may see, the newest first. Raises SearchTooShort."""
    return await cases.list_cases(tx, caller, filters, PageQuery.model_construct(cursor=None, limit=most))


async def seen(tx: Tx, caller: Caller, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Any]:
    """Of these cases those that the caller may see, by their ids."""
    rows = await tx.run(_SEEN, list(ids), caller.may(cases.EVERYWHERE), caller.region, caller.organisation)
    return {row["id"]: row for row in rows}


async def rows_of(tx: Tx, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Mapping[str, Any]]:
    """What a sheet shows of cases, by their ids."""
    return {row["id"]: row for row in await tx.run(_ROWS, list(ids))}


async def next_items(tx: Tx, job: Job) -> Sequence[Any]:
    """The next cases of a job whose turn has not come."""
    return await tx.run(_NEXT, job.id, job.done + job.refused, tx.settings.job_batch)


async def job_of(tx: Tx, caller: Caller, job_id: uuid.UUID) -> Job:
    """A job that the caller asked for. Raises JobUnknown."""
    found = await tx.get(Job, job_id)
    if found is None or found.by != caller.account_id:
        raise JobUnknown
    return found


async def jobs_of(tx: Tx, caller: Caller, page: PageQuery) -> Sequence[Job]:
    """Up to `limit + 1` of the caller's jobs, the newest first. Raises CursorNotReadable."""
    found = select(Job).where(col(Job.by) == caller.account_id)
    after = page.after(datetime, uuid.UUID)
    if after is not None:
        found = found.where(tuple_(col(Job.asked_at), col(Job.id)) < tuple_(*after))
    return list(await tx.scalars(found.order_by(col(Job.asked_at).desc(), col(Job.id).desc()).limit(page.limit + 1)))


async def refused_of(tx: Tx, job_id: uuid.UUID, page: PageQuery) -> Sequence[JobItem]:
    """Up to `limit + 1` cases that were refused, in their order. Raises CursorNotReadable."""
    refused = col(JobItem.outcome).is_not(None), col(JobItem.outcome) != "done"
    found = select(JobItem).where(col(JobItem.job_id) == job_id, *refused)
    after = page.after(int)
    if after is not None:
        found = found.where(col(JobItem.position) > after[0])
    return list(await tx.scalars(found.order_by(col(JobItem.position)).limit(page.limit + 1)))
