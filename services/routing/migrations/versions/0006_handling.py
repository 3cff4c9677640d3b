"""Objections that are decided in time, contacts with senders, and when a missing reply is pushed next."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("cases", sa.Column("decide_by", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("decision_overdue", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column("cases", sa.Column("upheld_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("next_push_at", sa.DateTime(timezone=True), nullable=True))
    running = "status IN ('assigned', 'accepted', 'objected')"
    # Cases that were handed over before: the light of every clock is yellow on its last day in China at the latest.
    last_day = "date_trunc('day', reply_due_at AT TIME ZONE INTERVAL '8 hours') AT TIME ZONE INTERVAL '8 hours'"
    op.execute(f"UPDATE cases SET next_push_at = {last_day} WHERE {running}")  # noqa: S608 - constants
    op.create_index("cases_to_push", "cases", ["next_push_at"], postgresql_where=sa.text(running))
    undecided = "status = 'objected' AND NOT decision_overdue"
    op.create_index("cases_undecided", "cases", ["decide_by"], postgresql_where=sa.text(undecided))
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("by_account", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("contact_of_case", "contact", ["case_id", "round"])
