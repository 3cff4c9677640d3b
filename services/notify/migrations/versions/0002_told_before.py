"""Notices whose audience had been told before a restore (decision record 0017)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("notice", sa.Column("told_before", sa.Boolean(), server_default=sa.text("false"), nullable=False))
