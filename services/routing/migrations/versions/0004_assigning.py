"""How cases are handed over: lanes, cases handled together, split matters, pre-assignments, bulk jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0004"
down_revision = "0003"


def _at(name: str, *, nullable: bool = False, key: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, primary_key=key)


def _text(name: str, *, nullable: bool = False, key: bool = False, long: bool = False) -> sa.Column[sa.String]:
    return sa.Column(name, sa.Text() if long else sa.String(), nullable=nullable, primary_key=key)


def upgrade() -> None:
    _cases()
    _pre_assignments()
    _fast_lane()
    _jobs()


def _cases() -> None:
    op.add_column("cases", sa.Column("lane", sa.String(), nullable=False, server_default="ordinary"))
    op.add_column("cases", sa.Column("handled_with", sa.Uuid(), nullable=True))
    op.add_column("cases", sa.Column("part_of", sa.Uuid(), nullable=True))
    op.create_index("cases_handled_with", "cases", ["handled_with"], postgresql_where=sa.text("handled_with IS NOT NULL"))
    op.create_index("cases_part_of", "cases", ["part_of"], postgresql_where=sa.text("part_of IS NOT NULL"))
    finally_handled = sa.text("status IN ('accepted', 'replied', 'closed')")
    op.create_index("cases_handled", "cases", ["category", sa.text("opened_at DESC")], postgresql_where=finally_handled)


def _pre_assignments() -> None:
    op.create_table(
        "pre_assignment",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        _text("organisation"),
        _text("part"),
        _text("requirements", long=True),
        _text("state"),
        _text("reason", nullable=True, long=True),
        _at("asked_at"),
        _at("due_at"),
        sa.Column("due_is_provisional", sa.Boolean(), nullable=False),
        _at("answered_at", nullable=True),
        _at("late_told_at", nullable=True),
    )
    newest = ["organisation", sa.text("asked_at DESC"), sa.text("id DESC")]
    op.create_index("pre_assignment_of_organisation", "pre_assignment", newest)
    op.create_index("pre_assignment_of_case", "pre_assignment", ["case_id"])
    owed = sa.text("state = 'asked' AND late_told_at IS NULL")
    op.create_index("pre_assignment_falling_due", "pre_assignment", ["due_at"], postgresql_where=owed)


def _fast_lane() -> None:
    op.create_table(
        "fast_lane_step",
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), primary_key=True),
        _at("handed_over_at", key=True),
        _text("step", key=True),
        _at("due_at"),
        _at("done_at", nullable=True),
        _text("evidence", nullable=True, long=True),
        _text("by_organisation", nullable=True),
        _at("late_told_at", nullable=True),
    )
    owed = sa.text("done_at IS NULL AND late_told_at IS NULL")
    op.create_index("fast_lane_step_falling_due", "fast_lane_step", ["due_at"], postgresql_where=owed)


def _jobs() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _text("kind"),
        _text("state"),
        sa.Column("wanted", pg.JSONB(), nullable=False),
        _text("lang"),
        sa.Column("by", sa.Uuid(), nullable=False),
        _text("role"),
        _text("organisation", nullable=True),
        _text("region"),
        sa.Column("permissions", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        _at("asked_at"),
        _at("finished_at", nullable=True),
    )
    op.create_index("job_to_do", "job", ["asked_at", "id"], postgresql_where=sa.text("state = 'under_way'"))
    op.create_index("job_of_account", "job", ["by", sa.text("asked_at DESC"), sa.text("id DESC")])
    op.create_index("job_to_delete", "job", ["asked_at"], postgresql_where=sa.text("state = 'ready'"))
    op.create_table(
        "job_item",
        sa.Column("job_id", sa.Uuid(), sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        _text("number", nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("outcome", nullable=True),
    )
    op.create_table(
        "job_page",
        sa.Column("job_id", sa.Uuid(), sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("rows", pg.JSONB(), nullable=False),
    )
