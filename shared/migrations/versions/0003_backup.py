"""A backup's hold on publishing, and the mark that a restore leaves (decision record 0017)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "kit_hold",
        sa.Column("one", sa.Boolean(), sa.CheckConstraint("one"), primary_key=True, server_default=sa.text("true")),
        sa.Column("backup", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "kit_restored",
        sa.Column("backup", sa.Uuid(), nullable=False),
        sa.Column("cut_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("restored_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), primary_key=True),
    )
