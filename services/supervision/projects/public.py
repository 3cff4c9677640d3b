"""The public's doors: what stands on a board, in real time (实时公开), without a word that somebody typed as a note."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel

from services.supervision.projects import queries, rules
from services.supervision.projects.api import Code
from services.supervision.projects.models import Project
from services.supervision.settings import Named, SupervisionPolicy
from shared.db import Tx
from shared.events.supervision import StageName
from shared.http import InTx, Lang, Page, Paging, page_of, service_router
from shared.identity import Caller, public

router = service_router(tags=["public"])

Anyone = Annotated[Caller | None, public()]


class PublicStage(BaseModel):
    """A stage as the public sees it."""

    stage: StageName
    label: str
    planned_on: date
    completed_on: date | None
    delayed: bool


class PublicProject(BaseModel):
    """A project as the public sees it."""

    id: uuid.UUID
    name: str
    board: str
    owner_name: str | None
    region: str
    delayed: bool
    stages: list[PublicStage]


class PublicDetail(PublicProject):
    """A project with the number of acts of supervision on it."""

    acts: int


class NamedOut(BaseModel):
    """A code with its name in the language asked for."""

    id: str
    label: str


class BoardsOut(BaseModel):
    """What the place calls its boards, the stages and the kinds of acts."""

    boards: list[NamedOut]
    stages: list[NamedOut]
    act_kinds: list[NamedOut]


@router.get("/public/boards")
async def boards(tx: InTx, caller: Anyone, lang: Lang) -> BoardsOut:
    """The boards, stages and kinds of acts of this place."""
    policy: SupervisionPolicy = tx.policy

    def named(codes: tuple[Named, ...]) -> list[NamedOut]:
        return [NamedOut(id=code.id, label=code.label[lang]) for code in codes]

    stages = [NamedOut(id=stage, label=policy.stages[stage][lang]) for stage in rules.STAGES]
    return BoardsOut(boards=named(policy.boards), stages=stages, act_kinds=named(policy.act_kinds))


@router.get("/public/projects")
async def projects(
    *, tx: InTx, caller: Anyone, lang: Lang, paging: Paging, board: Annotated[Code | None, Query()] = None, delayed: bool | None = None
) -> Page[PublicProject]:
    """The projects of this place, the newest first."""
    after = paging.after(uuid.UUID)
    rows = await queries.page_of_projects(
        tx, board=board, delayed=delayed, owner=None, after=after[0] if after else None, limit=paging.limit
    )
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.id,))
    return Page(items=await _shown(tx, list(items), lang), next_cursor=cursor)


@router.get("/public/projects/{project_id}")
async def project(project_id: uuid.UUID, tx: InTx, caller: Anyone, lang: Lang) -> PublicDetail:
    """One project."""
    found = await queries.project(tx, project_id)
    [whole] = await _shown(tx, [found], lang)
    return PublicDetail(**whole.model_dump(), acts=await queries.count_acts(tx, project_id))


async def _shown(tx: Tx, projects: list[Project], lang: str) -> list[PublicProject]:
    policy: SupervisionPolicy = tx.policy
    stages, names = await queries.stages(tx, projects), await queries.owner_names(tx, projects)
    return [
        PublicProject(
            **one.model_dump(include={"id", "name", "board", "region", "delayed"}),
            owner_name=names.get(one.owner),
            stages=[
                PublicStage(
                    stage=rules.STAGES[s.position],
                    label=policy.stages[rules.STAGES[s.position]][lang],
                    planned_on=s.planned_on,
                    completed_on=s.completed_on,
                    delayed=s.delayed,
                )
                for s in stages[one.id]
            ],
        )
        for one in projects
    ]
