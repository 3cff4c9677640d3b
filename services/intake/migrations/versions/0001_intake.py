"""Opinions with their contact data, timeline and ratings; what intake keeps of directory's facts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _at(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _opinion_id(*, primary_key: bool = False) -> sa.Column[sa.Uuid]:
    return sa.Column("opinion_id", sa.Uuid(), sa.ForeignKey("opinion.id"), primary_key=primary_key, nullable=False)


def upgrade() -> None:
    _create_opinion()
    _create_what_hangs_on_it()
    _create_projections()


def _create_opinion() -> None:
    op.create_table(
        "opinion",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.String(), nullable=False, unique=True),
        sa.Column("lookup_salt", sa.LargeBinary(), nullable=False),
        sa.Column("lookup_hash", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("category", sa.String()),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("category_source", sa.String(), nullable=False),
        sa.Column("profile_version", sa.String(), nullable=False),
        _at("submitted_at"),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("replied_round", sa.Integer(), nullable=False),
        sa.Column("status_version", sa.Integer(), nullable=False),
        _at("status_at"),
        sa.Column("case_id", sa.Uuid()),
    )
    op.create_index("opinion_newest", "opinion", ["submitted_at", "id"])
    op.create_index("opinion_target", "opinion", ["target_id", "submitted_at", "id"])


def _create_what_hangs_on_it() -> None:
    op.create_table(
        "contact",
        _opinion_id(primary_key=True),
        sa.Column("key_wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("name_box", sa.LargeBinary()),
        sa.Column("phone_box", sa.LargeBinary()),
        _at("given_at"),
    )
    op.create_table(
        "timeline_entry",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _opinion_id(),
        _at("at"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("case_version", sa.Integer(), nullable=False),
        sa.Column("department", sa.String()),
        sa.Column("text", sa.Text()),
        sa.Column("result_class", sa.String()),
        sa.Column("reason", sa.String()),
    )
    op.create_index("timeline_entry_opinion", "timeline_entry", ["opinion_id"])
    op.create_table(
        "rating",
        _opinion_id(primary_key=True),
        sa.Column("round", sa.Integer(), primary_key=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("comment", sa.Text()),
        _at("rated_at"),
    )


def _create_projections() -> None:
    op.create_table("revoked_code", sa.Column("code_id", sa.Uuid(), primary_key=True))
    op.create_table(
        "organisation",
        sa.Column("organisation", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
    )
    op.create_table(
        "station",
        sa.Column("station_id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("lead_deputy_id", sa.Uuid()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
    )
    op.create_index("ix_station_lead_deputy_id", "station", ["lead_deputy_id"])
