"""What cases of deputies' suggestions hold besides, and who signed them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0008"
down_revision = "0006"


def upgrade() -> None:
    texts = ("kind", "raised_in", "level", "delegation", "region", "publication", "handling")
    flags = ("confidential", "wants_contact", "reply_wanted", "from_bill")
    op.create_table(
        "suggestion_case",
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), primary_key=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in texts),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("session", "lead_wish", "raised_before")),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("term", "meeting")),
        sa.Column("co_wishes", pg.ARRAY(sa.Text()), nullable=False),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in flags),
        sa.Column("quality", sa.Integer(), nullable=False),
    )
    op.create_table(
        "suggestion_signer",
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("deputy_id", sa.Uuid(), primary_key=True),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    )
    newest = [sa.text("opened_at DESC"), sa.text("case_id DESC")]
    op.create_index("suggestion_signer_of_deputy", "suggestion_signer", ["deputy_id", *newest])
