"""The day by which a department promises something, in what its sender sees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("timeline_entry", sa.Column("due_on", sa.Date(), nullable=True))
