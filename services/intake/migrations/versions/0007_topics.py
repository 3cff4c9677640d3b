"""Near-duplicates with their flags and groups, suspicions of mass posting, and topics."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"


def _at(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id(name: str = "id", *, nullable: bool = False, key: bool = False) -> sa.Column[sa.Uuid]:
    return sa.Column(name, sa.Uuid(), primary_key=key, nullable=nullable)


def _of(name: str, target: str, *, nullable: bool = False, key: bool = False) -> sa.Column[sa.Uuid]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(target), primary_key=key, nullable=nullable)


def _int(name: str, *, key: bool = False, kind: type[sa.Integer] = sa.Integer) -> sa.Column[sa.Integer]:
    return sa.Column(name, kind(), primary_key=key, nullable=False, autoincrement=False)


def _str(name: str, *, nullable: bool = False) -> sa.Column[sa.String]:
    return sa.Column(name, sa.String(), nullable=nullable)


def upgrade() -> None:
    _create_fingerprints()
    _create_flags()
    _create_groups()
    _create_topics()
    _create_readings()


def _create_fingerprints() -> None:
    op.create_table(
        "fingerprint",
        _of("opinion_id", "opinion.id", key=True),
        _id("root_id"),
        _id("code_id"),
        _at("at"),
        sa.Column("whole", sa.BigInteger(), nullable=True),
        sa.Column("shingles", postgresql.ARRAY(sa.Integer()), nullable=False),
    )
    op.create_index("fingerprint_root", "fingerprint", ["root_id", "at"])
    op.create_index("fingerprint_at", "fingerprint", ["at"])
    op.create_table("fingerprint_band", _int("band", key=True, kind=sa.BigInteger), _of("opinion_id", "opinion.id", key=True))
    op.create_index("fingerprint_band_of", "fingerprint_band", ["opinion_id"])


def _create_flags() -> None:
    op.create_table(
        "duplicate_flag",
        _id(key=True),
        _of("opinion_id", "opinion.id"),
        _of("earlier_id", "opinion.id"),
        sa.Column("similarity", sa.Float(), nullable=False),
        _str("reason"),
        _str("state"),
        _at("found_at"),
        _id("decided_by", nullable=True),
        _at("decided_at", nullable=True),
        _int("version"),
        sa.UniqueConstraint("opinion_id", "earlier_id", name="flagged_once"),
    )
    op.create_index("duplicate_flag_by_state", "duplicate_flag", ["state", "id"])
    op.create_index("duplicate_flag_earlier", "duplicate_flag", ["earlier_id"])
    op.create_table(
        "mass_posting",
        _of("root_id", "opinion.id", key=True),
        _str("region"),
        _int("messages"),
        _int("codes"),
        _at("first_at"),
        _at("last_at"),
        _str("state"),
        _at("suspected_at"),
        _id("decided_by", nullable=True),
        _at("decided_at", nullable=True),
        _int("version"),
    )
    op.create_index("mass_posting_by_state", "mass_posting", ["state", "suspected_at", "root_id"])


def _create_groups() -> None:
    op.create_table(
        "joined_group",
        _id(key=True),
        _str("site"),
        _of("lead_id", "opinion.id"),
        _id("formed_by"),
        _at("formed_at"),
        _at("dissolved_at", nullable=True),
        _int("version"),
    )
    op.create_table(
        "joined_opinion",
        _id(key=True),
        _of("group_id", "joined_group.id"),
        _of("opinion_id", "opinion.id"),
        _id("joined_by"),
        _at("joined_at"),
        _id("parted_by", nullable=True),
        _at("parted_at", nullable=True),
        _str("parted_because", nullable=True),
        sa.CheckConstraint("(parted_at IS NULL) = (parted_because IS NULL)", name="parted_with_reason"),
    )
    op.create_index("joined_to_one", "joined_opinion", ["opinion_id"], unique=True, postgresql_where=sa.text("parted_at IS NULL"))
    op.create_index("joined_of_group", "joined_opinion", ["group_id"])


def _create_topics() -> None:
    op.create_table(
        "topic",
        _id(key=True),
        _str("site"),
        _str("name", nullable=True),
        _str("state"),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        _id("merged_into", nullable=True),
        _int("size"),
        sa.Column("names", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("strength", sa.Float(), nullable=False),
        _int("peak"),
        _int("peak_of"),
        _at("hot_since", nullable=True),
        _at("born_at"),
        _int("version"),
    )
    op.create_index("topic_by_state", "topic", ["state", "id"])
    op.create_table("topic_name", _int("gram", key=True), _of("topic_id", "topic.id"))
    op.create_index("topic_name_of", "topic_name", ["topic_id"])


def _create_readings() -> None:
    op.create_table(
        "topic_reading",
        _of("opinion_id", "opinion.id", key=True),
        _of("topic_id", "topic.id", nullable=True),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        _str("region"),
        _at("at"),
        sa.Column("grams", postgresql.ARRAY(sa.Integer()), nullable=False),
    )
    op.create_index("topic_reading_at", "topic_reading", ["at"])
    op.create_index("topic_reading_kept", "topic_reading", ["at"], postgresql_where=sa.text("grams <> '{}'"))
    op.create_index("topic_reading_of_topic", "topic_reading", ["topic_id", "at"], postgresql_where=sa.text("topic_id IS NOT NULL"))
    op.create_index(
        "topic_reading_grams", "topic_reading", ["grams"], postgresql_using="gin", postgresql_with={"gin_pending_list_limit": "512"}
    )
    op.create_table(
        "topic_gram", _int("gram", key=True), _int("before", kind=sa.BigInteger), *(_int(n) for n in ("last", "now", "period", "titled"))
    )
