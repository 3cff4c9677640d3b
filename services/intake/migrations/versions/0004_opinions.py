"""Attachments; entries on behalf; what an opinion meets on its way; the public board."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def _at(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    _create_attachments()
    _create_entry()
    _create_course()
    _create_board()


def _opinion_id(*, primary_key: bool = False, unique: bool = False, of: str = "opinion.id") -> sa.Column[sa.Uuid]:
    return sa.Column("opinion_id", sa.Uuid(), sa.ForeignKey(of), primary_key=primary_key, unique=unique or None, nullable=False)


def _voter() -> sa.Column[sa.LargeBinary]:
    return sa.Column("voter", sa.LargeBinary(), primary_key=True, nullable=False)


def _create_entry() -> None:
    op.create_table(
        "entry",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _opinion_id(unique=True),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("station_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        _at("received_at"),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("deputies", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("advice", sa.Text()),
        sa.Column("paper", sa.String()),
        sa.Column("consent", sa.String()),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        _at("entered_at"),
        sa.CheckConstraint("persons >= 1", name="somebody_spoke"),
    )
    op.create_index("entry_by_region", "entry", ["region", "received_at", "id"])


def _create_course() -> None:
    op.create_table(
        "supplement",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _opinion_id(),
        sa.Column("text", sa.Text(), nullable=False),
        _at("at"),
    )
    op.create_index("supplement_of_opinion", "supplement", ["opinion_id", "id"])
    op.create_table(
        "rep_answer",
        _opinion_id(primary_key=True),
        sa.Column("deputy_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("text", sa.Text()),
        _at("at"),
        _at("judged_at", nullable=True),
    )
    op.create_index("rep_answer_by_deputy", "rep_answer", ["deputy_id", "at"])


def _create_board() -> None:
    op.create_table(
        "publication",
        _opinion_id(primary_key=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        _at("agreed_at"),
        sa.Column("title", sa.String()),
        sa.Column("text", sa.Text()),
        _at("published_at", nullable=True),
        sa.Column("published_by", sa.Uuid()),
        sa.Column("likes", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    published, offered = sa.text("state = 'published'"), sa.text("state = 'offered'")
    op.create_index("publication_newest", "publication", ["published_at", "opinion_id"], postgresql_where=published)
    op.create_index("publication_offered", "publication", ["region", "agreed_at"], postgresql_where=offered)
    op.create_table(
        "published_reply",
        _opinion_id(primary_key=True, of="publication.opinion_id"),
        sa.Column("round", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text(), nullable=False),
        _at("published_at"),
        sa.Column("published_by", sa.Uuid(), nullable=False),
    )
    op.create_table("opinion_like", _opinion_id(primary_key=True, of="publication.opinion_id"), _voter(), _at("at"))
    op.create_table("opinion_follow", _voter(), _opinion_id(primary_key=True, of="publication.opinion_id"), _at("at"))
    op.create_table(
        "reply_appraisal",
        _opinion_id(primary_key=True, of="publication.opinion_id"),
        sa.Column("round", sa.Integer(), primary_key=True, autoincrement=False),
        _voter(),
        sa.Column("level", sa.String(), nullable=False),
        _at("at"),
    )


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
