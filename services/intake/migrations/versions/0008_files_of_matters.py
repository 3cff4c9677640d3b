"""When a file was given to its matter, contents that an erasure has to take out of the store, and whom a follower's inbox is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("attachment", sa.Column("given_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "erased_content",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("erased_content_oldest", "erased_content", ["since"])
    op.add_column("opinion_follow", sa.Column("account_id", sa.Uuid(), nullable=True))
    op.create_index("opinion_follow_told", "opinion_follow", ["opinion_id"], postgresql_where=sa.text("account_id IS NOT NULL"))
