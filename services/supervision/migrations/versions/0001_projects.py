"""Projections of directory, projects with their stages and acts, dissatisfied matters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _at(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _projections()
    _projects()
    _plans()
    _acts()
    op.create_table(
        "dissatisfied_matter",
        sa.Column("case_id", sa.Uuid(), primary_key=True),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("case_version", sa.Integer(), nullable=False),
        _at("opened_at", nullable=True),
        _at("closed_at", nullable=True),
    )
    op.create_index("dissatisfied_matter_open", "dissatisfied_matter", ["case_id"], postgresql_where=sa.text("status = 'open'"))


def _projections() -> None:
    op.create_table(
        "organisation",
        sa.Column("organisation", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
    )
    op.create_table(
        "mandate",
        sa.Column("deputy_id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.Column("version_no", sa.Integer(), nullable=False),
    )


def _projects() -> None:
    op.create_table(
        "project",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("board", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("delayed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("profile_version", sa.String(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        _at("entered_at"),
    )
    op.create_index("project_by_board", "project", ["board", "id"])
    op.create_index("project_by_owner", "project", ["owner", "id"])
    op.create_table(
        "project_stage",
        sa.Column("project_id", sa.Uuid(), sa.ForeignKey("project.id"), primary_key=True),
        sa.Column("stage", sa.String(), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("completed_on", sa.Date()),
        sa.Column("delayed", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String()),
    )
    op.create_index("project_stage_open", "project_stage", ["planned_on"], postgresql_where=sa.text("completed_on IS NULL AND NOT delayed"))


def _plans() -> None:
    of_a_stage = {"columns": ["project_id", "stage"], "refcolumns": ["project_stage.project_id", "project_stage.stage"]}
    op.create_table(
        "project_stage_replan",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("project_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("planned_before", sa.Date(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        _at("at"),
        sa.ForeignKeyConstraint(**of_a_stage),
    )
    op.create_table(
        "project_stage_delay",
        sa.Column("project_id", sa.Uuid(), primary_key=True),
        sa.Column("stage", sa.String(), primary_key=True),
        sa.Column("planned_on", sa.Date(), primary_key=True),
        _at("found_at"),
        sa.ForeignKeyConstraint(**of_a_stage),
    )


def _acts() -> None:
    op.create_table(
        "project_act",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("project_id", sa.Uuid(), sa.ForeignKey("project.id"), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("note", sa.String()),
        sa.Column("day", sa.Date(), nullable=False),
        _at("logged_at"),
        sa.UniqueConstraint("deputy_id", "project_id", "kind", "day", name="one_act_a_day"),
    )
    op.create_index("project_act_by_project", "project_act", ["project_id", "id"])
