"""Which model was asked about an opinion, and what the desk said of its category."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("opinion", sa.Column("classifier", sa.String(), nullable=True))
    op.create_table(
        "category_correction",
        sa.Column("opinion_id", sa.Uuid(), sa.ForeignKey("opinion.id"), primary_key=True, nullable=False),
        sa.Column("proposed", sa.String(), nullable=True),
        sa.Column("corrected", sa.String(), nullable=False),
        sa.Column("case_version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("category_correction")
    op.drop_column("opinion", "classifier")
