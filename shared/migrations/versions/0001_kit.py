"""The kit's tables: outbox, inbox, parking, failures, place in the stream, answers, keys, replicas."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0001"
down_revision = None


def _at(name: str, default: str | None = "now()", *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text(default) if default else None, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "kit_outbox",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("headers", pg.JSONB(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _at("created_at"),
        _at("leased_until", "'-infinity'"),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("parked_reason", sa.String()),
    )
    op.create_index("kit_outbox_free", "kit_outbox", ["leased_until", "id"], postgresql_where=sa.text("parked_reason IS NULL"))
    op.create_table(
        "kit_inbox",
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("consumer", sa.String(), primary_key=True),
        _at("at"),
    )
    op.create_index("ix_kit_inbox_at", "kit_inbox", ["at"])
    op.create_table(
        "kit_parked",
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("consumer", sa.String(), primary_key=True),
        sa.Column("waits_for", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("headers", pg.JSONB(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _at("parked_at"),
        _at("next_try_at", None),
    )
    op.create_index("ix_kit_parked_waits_for", "kit_parked", ["waits_for"])
    op.create_index("ix_kit_parked_next_try_at", "kit_parked", ["next_try_at"])
    op.create_table(
        "kit_failure",
        sa.Column("event_id", sa.String(), primary_key=True),
        sa.Column("consumer", sa.String(), primary_key=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _at("at"),
    )
    op.create_table(
        "kit_cursor",
        sa.Column("consumer", sa.String(), primary_key=True),
        sa.Column("ack_floor", sa.BigInteger(), nullable=False),
        sa.Column("stream_created", sa.String(), nullable=False),
        _at("at"),
    )
    op.create_table(
        "kit_subscription",
        sa.Column("event", sa.String(), primary_key=True),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), nullable=False),
        sa.Column("backfilled", sa.Boolean(), nullable=False),
        _at("at"),
    )
    op.create_table(
        "kit_answer",
        sa.Column("key_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        _at("at"),
    )
    op.create_index("ix_kit_answer_at", "kit_answer", ["at"])
    op.create_table(
        "kit_key",
        sa.Column("kid", sa.String(), primary_key=True),
        sa.Column("use", sa.String(), nullable=False),
        sa.Column("public", sa.String(), nullable=False),
        _at("not_after", None, nullable=True),
        sa.Column("set_no", sa.Integer(), nullable=False),
    )
    op.create_table(
        "kit_replica",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        _at("started_at", None),
        _at("beat_at", None),
        sa.Column("facts", pg.JSONB(), nullable=False),
    )
