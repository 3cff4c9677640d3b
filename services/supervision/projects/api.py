"""The doors of projects for staff and deputies. The public's are in `public.py`."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Annotated

from fastapi import Query, status
from pydantic import BaseModel, Field

from services.supervision.projects import actions, queries
from services.supervision.projects.models import Act, Project, Stage
from shared.db import Tx
from shared.events.supervision import StageName
from shared.http import IfMatch, InTx, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["projects"])

Code = Annotated[str, Field(min_length=2, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
RegionCode = Annotated[str, Field(min_length=2, max_length=24, pattern=r"^[0-9a-z]+$")]
Note = Annotated[str, Field(min_length=1, max_length=2000)]


class PlanIn(RequestModel):
    """The planned day of each stage (in China)."""

    initiation: date
    approval: date
    construction: date
    acceptance: date


class ProjectIn(RequestModel):
    """A project to enter. `owner` is an organisation's id."""

    name: str = Field(min_length=2, max_length=200)
    board: Code
    owner: Code
    region: RegionCode
    stages: PlanIn


class CompletionIn(RequestModel):
    """The day of completion and the evidence of it."""

    completed_on: date
    note: Note | None = None


class ReplanIn(RequestModel):
    """A new planned day and why."""

    planned_on: date
    reason: Annotated[str, Field(min_length=2, max_length=500)]


class ActIn(RequestModel):
    """An act of supervision."""

    kind: Code
    note: Note | None = None


class StageOut(BaseModel):
    """A stage as staff see it."""

    stage: StageName
    planned_on: date
    completed_on: date | None
    delayed: bool
    note: str | None


class ProjectOut(BaseModel):
    """A project as staff see it. `owner_name` is null while directory has not told of the organisation."""

    id: uuid.UUID
    name: str
    board: str
    owner: str
    owner_name: str | None
    region: str
    delayed: bool
    version: int
    entered_at: datetime
    stages: list[StageOut]


class ProjectDetail(ProjectOut):
    """A project with the number of acts on it."""

    acts: int


class ActOut(BaseModel):
    """An act of supervision. `day` is the day in China."""

    id: uuid.UUID
    project_id: uuid.UUID
    deputy_id: uuid.UUID
    deputy_name: str | None = None
    kind: str
    note: str | None
    day: date
    logged_at: datetime


Reader = Annotated[Caller, requires("project.read")]
Desk = Annotated[Caller, requires("project.write")]


@router.post("/projects", status_code=status.HTTP_201_CREATED)
async def enter(body: ProjectIn, tx: InTx, caller: Desk) -> ProjectOut:
    """Enters a project on a board with its four planned days."""
    planned: dict[StageName, date] = {
        "initiation": body.stages.initiation,
        "approval": body.stages.approval,
        "construction": body.stages.construction,
        "acceptance": body.stages.acceptance,
    }
    entered = await actions.enter(tx, caller, name=body.name, board=body.board, owner=body.owner, region=body.region, planned=planned)
    return (await shown(tx, [entered]))[0]


@router.get("/projects")
async def projects(
    *,
    tx: InTx,
    caller: Reader,
    paging: Paging,
    board: Annotated[Code | None, Query()] = None,
    delayed: bool | None = None,
    owner: Annotated[Code | None, Query()] = None,
) -> Page[ProjectOut]:
    """The projects of the caller's region or organisation, the newest first."""
    after = paging.after(uuid.UUID)
    rows = await queries.page_of_projects(
        tx, queries.within(caller), board=board, delayed=delayed, owner=owner, after=after[0] if after else None, limit=paging.limit
    )
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.id,))
    return Page(items=await shown(tx, list(items)), next_cursor=cursor)


@router.get("/projects/{project_id}")
async def project(project_id: uuid.UUID, tx: InTx, caller: Reader) -> ProjectDetail:
    """One project of the caller's region or organisation."""
    found = await queries.project(tx, project_id, queries.within(caller))
    [whole] = await shown(tx, [found])
    return ProjectDetail(**whole.model_dump(), acts=await queries.count_acts(tx, project_id))


@router.post("/projects/{project_id}/stages/{stage}/complete")
async def complete(
    *,
    project_id: uuid.UUID,
    stage: StageName,
    body: CompletionIn,
    tx: InTx,
    version: IfMatch,
    caller: Annotated[Caller, requires("project.stage")],
) -> ProjectOut:
    """The owner completes the next stage."""
    changed = await actions.complete_stage(tx, project_id, stage, caller, version, completed_on=body.completed_on, note=body.note)
    return (await shown(tx, [changed]))[0]


@router.post("/projects/{project_id}/stages/{stage}/replan")
async def replan(*, project_id: uuid.UUID, stage: StageName, body: ReplanIn, tx: InTx, version: IfMatch, caller: Desk) -> ProjectOut:
    """The desk moves the planned day of an open stage."""
    changed = await actions.replan_stage(tx, project_id, stage, caller, version, planned_on=body.planned_on, reason=body.reason)
    return (await shown(tx, [changed]))[0]


@router.post("/projects/{project_id}/acts", status_code=status.HTTP_201_CREATED)
async def log_act(project_id: uuid.UUID, body: ActIn, tx: InTx, caller: Annotated[Caller, requires("act.log")]) -> ActOut:
    """A deputy logs an act of supervision, one of a kind a day."""
    return _act(await actions.log_act(tx, project_id, caller, kind=body.kind, note=body.note), None)


@router.get("/projects/{project_id}/acts")
async def acts(project_id: uuid.UUID, tx: InTx, caller: Reader, paging: Paging) -> Page[ActOut]:
    """The acts on a project, the newest first."""
    await queries.project(tx, project_id, queries.within(caller))
    after = paging.after(uuid.UUID)
    rows = await queries.page_of_acts(tx, project_id, after[0] if after else None, paging.limit)
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row[0].id,))
    return Page(items=[_act(act, name) for act, name in items], next_cursor=cursor)


async def shown(tx: Tx, projects: list[Project]) -> list[ProjectOut]:
    """Projects as staff see them."""
    stages, names = await queries.stages(tx, projects), await queries.owner_names(tx, projects)
    return [
        ProjectOut(
            **one.model_dump(include={"id", "name", "board", "owner", "region", "delayed", "version", "entered_at"}),
            owner_name=names.get(one.owner),
            stages=[_stage(stage) for stage in stages[one.id]],
        )
        for one in projects
    ]


def _stage(stage: Stage) -> StageOut:
    return StageOut.model_validate(stage.model_dump(include=set(StageOut.model_fields)))


def _act(act: Act, deputy_name: str | None) -> ActOut:
    return ActOut(**act.model_dump(include=set(ActOut.model_fields)), deputy_name=deputy_name)
