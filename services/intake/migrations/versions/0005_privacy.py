"""What was erased and what is held, keys that can be destroyed, and exports; indexes that the figures are counted by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

_SEALED = ("appointment", "petition", "mediation_party")


def _at(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    for table in _SEALED:
        op.alter_column(table, "key_wrapped", nullable=True)
    op.create_table(
        "erasure",
        sa.Column("matter_id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid()),
        _at("erased_at"),
    )
    op.create_index("erasure_by_time", "erasure", ["erased_at"])
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        _at("held_at"),
        sa.Column("lifted_by", sa.Uuid()),
        _at("lifted_at", nullable=True),
    )
    op.create_index("one_hold_a_matter", "legal_hold", ["matter_id"], unique=True, postgresql_where=sa.text("lifted_at IS NULL"))
    op.create_table(
        "export",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("wanted", postgresql.JSONB(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("after", postgresql.JSONB()),
        _at("asked_at"),
        _at("finished_at", nullable=True),
    )
    op.create_index("export_to_do", "export", ["asked_at"], postgresql_where=sa.text("state = 'under_way'"))
    op.create_index("export_by_time", "export", ["asked_at"])
    op.create_table(
        "export_page",
        sa.Column("export_id", sa.Uuid(), sa.ForeignKey("export.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("rows", postgresql.JSONB(), nullable=False),
    )
    op.create_index("timeline_entry_assigned", "timeline_entry", ["opinion_id"], postgresql_where=sa.text("kind = 'assigned'"))
    op.create_index("contact_given", "contact", ["given_at"])
