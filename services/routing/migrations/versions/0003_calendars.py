"""Which calendar is in force, what rests on it, and the rules that cases were decided by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0003"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "calendar_in_force",
        sa.Column("seq", sa.Integer(), sa.Identity(always=True), primary_key=True),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("years", pg.ARRAY(sa.Integer()), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "policy_kept",
        sa.Column("profile_version", sa.String(), primary_key=True),
        sa.Column("said", pg.JSONB(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    running = "status IN ('assigned', 'accepted', 'objected')"
    op.create_index("cases_by_calendar", "cases", ["due_calendar"], postgresql_where=sa.text(running))
