"""Attachments: what is on its way, and what has arrived."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _at(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _create_attachments()


def _create_attachments() -> None:
    op.create_table(
        "upload",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        _at("begun_at"),
    )
    op.create_index("upload_begun", "upload", ["begun_at"])
    op.create_table(
        "upload_piece",
        sa.Column("upload_id", sa.Uuid(), sa.ForeignKey("upload.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("begins", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("opinion_id", sa.Uuid(), sa.ForeignKey("opinion.id")),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        _at("arrived_at"),
    )
    op.create_index("attachment_of_opinion", "attachment", ["opinion_id", "id"])
    op.create_index("attachment_digest", "attachment", ["digest"])
    op.create_index("attachment_waiting", "attachment", ["arrived_at"], postgresql_where=sa.text("opinion_id IS NULL"))
