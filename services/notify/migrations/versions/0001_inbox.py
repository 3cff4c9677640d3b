"""Notices, addressed to an audience, and who has read them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False, unique=True),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("notice_class", sa.String(), nullable=False),
        sa.Column("audience_kind", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("params", pg.JSONB(), nullable=False),
        sa.Column("cause", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("notice_by_audience", "notice", ["audience_kind", "audience", "position"])
    op.create_table(
        "read_mark",
        sa.Column("account_id", sa.Uuid(), primary_key=True),
        sa.Column("notice_id", sa.Uuid(), sa.ForeignKey("notice.id"), primary_key=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
    )
