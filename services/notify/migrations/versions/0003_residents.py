"""How residents are reached, sealed under a key of each matter, and what they are to be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "reach",
        sa.Column("matter_id", sa.Uuid(), primary_key=True),
        sa.Column("public_key", sa.String(), nullable=True),
        sa.Column("private_key", sa.LargeBinary(), nullable=True),
        sa.Column("box", sa.Text(), nullable=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("reach_forgotten", "reach", ["forgotten_at"], postgresql_where=sa.text("forgotten_at IS NOT NULL"))
    op.create_table(
        "resident_notice",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("notice_class", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("cause", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("resident_notice_of_matter", "resident_notice", ["matter_id"])
    op.create_index("resident_notice_waiting", "resident_notice", ["occurred_at"], postgresql_where=sa.text("state = 'waiting'"))
    op.create_index("resident_notice_by_time", "resident_notice", ["occurred_at"])
