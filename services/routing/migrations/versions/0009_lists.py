"""Overdue cases are listed out of those that owe a reply, not out of all there ever were."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0006"


def upgrade() -> None:
    running = "status IN ('assigned', 'accepted', 'objected')"
    in_order = [sa.text("opened_at DESC"), sa.text("id DESC"), "reply_due_at"]
    op.create_index("cases_running", "cases", in_order, postgresql_where=sa.text(running))
