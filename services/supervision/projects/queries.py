"""Reads of projects. A staff list is cut to the caller's region; what is public never reads a note."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import col

from services.supervision.models import Mandate, Organisation
from services.supervision.projects.errors import ProjectUnknown
from services.supervision.projects.models import Act, Project, Stage
from shared.db import Tx
from shared.identity import Caller


def within(caller: Caller) -> ColumnElement[bool]:
    """Projects in the caller's region, and those that the caller's organisation owns."""
    return or_(col(Project.region).startswith(caller.region, autoescape=True), col(Project.owner) == caller.organisation)


async def page_of_projects(
    tx: Tx,
    *conditions: ColumnElement[bool],
    board: str | None,
    delayed: bool | None,
    owner: str | None,
    after: uuid.UUID | None,
    limit: int,
) -> list[Project]:
    """Projects, the newest first, from the one after `after` on; one more than `limit` when there is another page."""
    page = select(Project).where(*conditions).order_by(col(Project.id).desc()).limit(limit + 1)
    if board is not None:
        page = page.where(col(Project.board) == board)
    if delayed is not None:
        page = page.where(col(Project.delayed) == delayed)
    if owner is not None:
        page = page.where(col(Project.owner) == owner)
    if after is not None:
        page = page.where(col(Project.id) < after)
    return list(await tx.scalars(page))


async def project(tx: Tx, project_id: uuid.UUID, *conditions: ColumnElement[bool]) -> Project:
    """One project. Raises ProjectUnknown."""
    found = await tx.scalar(select(Project).where(col(Project.id) == project_id, *conditions))
    if found is None:
        raise ProjectUnknown()
    return found


async def stages(tx: Tx, projects: Sequence[Project]) -> dict[uuid.UUID, list[Stage]]:
    """The stages of projects in their order."""
    result: dict[uuid.UUID, list[Stage]] = {one.id: [] for one in projects}
    of_these = select(Stage).where(col(Stage.project_id).in_(result)).order_by(col(Stage.project_id), col(Stage.position))
    for stage in await tx.scalars(of_these):
        result[stage.project_id].append(stage)
    return result


async def owner_names(tx: Tx, projects: Sequence[Project]) -> dict[str, str]:
    """Organisation id → name of the owners of projects."""
    named = select(Organisation).where(col(Organisation.organisation).in_({one.owner for one in projects}))
    return {one.organisation: one.name for one in await tx.scalars(named)}


async def count_acts(tx: Tx, project_id: uuid.UUID) -> int:
    """How many acts deputies logged on a project."""
    return await tx.scalar(select(func.count()).select_from(Act).where(col(Act.project_id) == project_id)) or 0


async def page_of_acts(tx: Tx, project_id: uuid.UUID, after: uuid.UUID | None, limit: int) -> list[tuple[Act, str]]:
    """Acts on a project with the deputy's name, the newest first."""
    page = (
        select(Act, col(Mandate.name))
        .join(Mandate, col(Mandate.deputy_id) == col(Act.deputy_id))
        .where(col(Act.project_id) == project_id)
        .order_by(col(Act.id).desc())
        .limit(limit + 1)
    )
    if after is not None:
        page = page.where(col(Act.id) < after)
    return list((await tx.execute(page)).tuples())
