"""Public projects on a board, their four stages, and what deputies did to watch them."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from services.supervision.models import Base
from shared.db import utc_column


class Project(Base, table=True):
    """A project. `delayed` says that it is behind now: a stage is not complete and its planned day has passed."""

    __tablename__ = "project"
    __table_args__ = (Index("project_by_board", "board", "id"), Index("project_by_owner", "owner", "id"))

    id: uuid.UUID = Field(primary_key=True)
    site: str
    name: str
    board: str
    owner: str
    region: str
    delayed: bool = False
    version: int = 1
    profile_version: str
    entered_by: uuid.UUID
    entered_at: datetime = utc_column()


class Stage(Base, table=True):
    """One stage of a project. `delayed` is true while it is overdue, and stays true when it was completed late."""

    __tablename__ = "project_stage"
    __table_args__ = (Index("project_stage_open", "planned_on", postgresql_where=text("completed_on IS NULL AND NOT delayed")),)

    project_id: uuid.UUID = Field(primary_key=True, foreign_key="project.id")
    stage: str = Field(primary_key=True)
    position: int
    planned_on: date
    completed_on: date | None = None
    delayed: bool = False
    note: str | None = None


class StageReplan(Base, table=True):
    """A planned day was moved: from when to when, by whom and why. Never changed."""

    __tablename__ = "project_stage_replan"
    __table_args__ = (ForeignKeyConstraint(["project_id", "stage"], ["project_stage.project_id", "project_stage.stage"]),)

    id: uuid.UUID = Field(primary_key=True)
    project_id: uuid.UUID = Field(index=True)
    stage: str
    planned_before: date
    planned_on: date
    reason: str
    by: uuid.UUID
    at: datetime = utc_column()


class StageDelay(Base, table=True):
    """A planned day that passed without completion: its key makes the announcement of each such day the only one."""

    __tablename__ = "project_stage_delay"
    __table_args__ = (ForeignKeyConstraint(["project_id", "stage"], ["project_stage.project_id", "project_stage.stage"]),)

    project_id: uuid.UUID = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    planned_on: date = Field(primary_key=True)
    found_at: datetime = utc_column()


class Act(Base, table=True):
    """A deputy's act of supervision. One a day for each deputy, project and kind; `day` is the day in China."""

    __tablename__ = "project_act"
    __table_args__ = (
        UniqueConstraint("deputy_id", "project_id", "kind", "day", name="one_act_a_day"),
        Index("project_act_by_project", "project_id", "id"),
    )

    id: uuid.UUID = Field(primary_key=True)
    site: str
    project_id: uuid.UUID = Field(foreign_key="project.id")
    deputy_id: uuid.UUID
    kind: str
    note: str | None
    day: date
    logged_at: datetime = utc_column()
