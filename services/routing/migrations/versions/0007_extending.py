"""What moves a deadline, extensions and pauses, and what co-handlers owe and have said; overdue cases by what runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def _moment(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column("cases", _moment("paused_until", nullable=True))
    op.create_index("cases_paused", "cases", ["paused_until"], postgresql_where=sa.text("paused_until IS NOT NULL"))
    running = "status IN ('assigned', 'accepted', 'objected')"
    in_order = [sa.text("opened_at DESC"), sa.text("id DESC"), "reply_due_at"]
    op.create_index("cases_running", "cases", in_order, postgresql_where=sa.text(running))
    op.create_table(
        "extension",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        _moment("asked_at"),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("agreed_by", sa.String(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        _moment("decided_at", nullable=True),
    )
    op.create_index("extension_of_case", "extension", ["case_id", "asked_at"])
    op.create_table(
        "pause",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        _moment("since"),
        _moment("ends_at"),
        _moment("resumed_at", nullable=True),
        sa.Column("by_account", sa.Uuid(), nullable=False),
    )
    op.create_index("pause_of_case", "pause", ["case_id", "since"])
    op.create_table(
        "co_opinion",
        sa.Column("assignment_id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        _moment("due_at"),
        sa.Column("turn", sa.Integer(), nullable=False),
        _moment("given_at", nullable=True),
        sa.Column("late_told", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("asked_again", sa.Text(), nullable=True),
    )
    op.create_index("co_opinion_of_case", "co_opinion", ["case_id"])
    op.create_index("co_opinion_owed", "co_opinion", ["due_at"], postgresql_where=sa.text("given_at IS NULL AND NOT late_told"))
    op.create_table(
        "co_opinion_text",
        sa.Column("assignment_id", sa.Uuid(), primary_key=True),
        sa.Column("turn", sa.Integer(), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("document", sa.String(), nullable=True),
        sa.Column("by_account", sa.Uuid(), nullable=False),
        _moment("given_at"),
        sa.Column("on_time", sa.Boolean(), nullable=False),
    )
