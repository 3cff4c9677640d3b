"""Regions, organisations, people, mandates, stations, codes, accounts, sign-ins and signing keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_places()
    _create_deputies_and_stations()
    _create_codes()
    _create_accounts()
    _create_keys()


def _text(name: str, *constraints: sa.schema.SchemaItem, nullable: bool = False, unique: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), *constraints, nullable=nullable, unique=unique)


def _id(name: str, *constraints: sa.schema.SchemaItem, nullable: bool = False, primary_key: bool = False) -> sa.Column[sa.Uuid]:
    return sa.Column(name, sa.Uuid(), *constraints, nullable=nullable and not primary_key, primary_key=primary_key)


def _at(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _version() -> sa.Column[int]:
    return sa.Column("version_no", sa.Integer(), nullable=False)


def _create_places() -> None:
    op.create_table(
        "region",
        sa.Column("code", sa.String(), primary_key=True),
        _text("name"),
        _text("kind"),
        _text("parent", sa.ForeignKey("region.code"), nullable=True),
        _version(),
    )
    op.create_index("ix_region_parent", "region", ["parent"])
    op.create_table(
        "organisation",
        sa.Column("organisation", sa.String(), primary_key=True),
        _text("name"),
        _text("kind"),
        _text("region", sa.ForeignKey("region.code")),
        sa.Column("active", sa.Boolean(), nullable=False),
        _version(),
    )


def _create_deputies_and_stations() -> None:
    op.create_table("person", _id("id", primary_key=True), _text("number", unique=True), _text("name"))
    op.create_table(
        "mandate",
        _id("id", primary_key=True),
        _id("person_id", sa.ForeignKey("person.id")),
        _text("card", unique=True),
        _text("level"),
        _text("region", sa.ForeignKey("region.code")),
        _text("group"),
        _text("status"),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        _version(),
    )
    op.create_index("ix_mandate_person_id", "mandate", ["person_id"])
    op.create_index("ix_mandate_region", "mandate", ["region"])
    op.create_table(
        "station",
        _id("id", primary_key=True),
        _text("name"),
        _text("kind"),
        _text("region", sa.ForeignKey("region.code")),
        _id("lead_deputy_id", sa.ForeignKey("mandate.id"), nullable=True),
        _text("address"),
        _text("opening_hours"),
        _text("brand"),
        _text("status"),
        _version(),
        sa.UniqueConstraint("region", "name"),
    )
    op.create_index("ix_station_region", "station", ["region"])


def _create_codes() -> None:
    op.create_table(
        "code",
        _id("id", primary_key=True),
        _text("kind"),
        _id("target_id"),
        _text("region"),
        _text("label", nullable=True),
        _text("text"),
        _text("status"),
        _at("issued_at"),
        _at("ended_at", nullable=True),
        _version(),
    )
    op.create_index("ix_code_target_id", "code", ["target_id"])
    op.create_table(
        "scan",
        _id("code_id", sa.ForeignKey("code.id"), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("scans", sa.Integer(), nullable=False),
    )


def _create_accounts() -> None:
    op.create_table(
        "account",
        _id("id", primary_key=True),
        _text("username", unique=True),
        _text("password_hash"),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        _text("role"),
        _text("organisation", sa.ForeignKey("organisation.organisation"), nullable=True),
        _text("region"),
        _id("deputy_id", sa.ForeignKey("mandate.id"), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("awaits_grant", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        _at("locked_until", nullable=True),
        _at("created_at"),
        _version(),
        sa.CheckConstraint("NOT (active AND awaits_grant)", name="account_granted_before_active"),
    )
    op.create_index("ix_account_region", "account", ["region"])
    decoy = op.create_table(
        "login_decoy",
        sa.Column("slot", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("failures", sa.Integer(), nullable=False),
    )
    op.bulk_insert(decoy, [{"slot": slot, "failures": 0} for slot in range(64)])
    op.create_table(
        "session",
        _id("id", primary_key=True),
        _id("account_id", sa.ForeignKey("account.id")),
        _at("started_at"),
        _at("ends_at"),
        _at("revoked_at", nullable=True),
        _text("revoked_for", nullable=True),
    )
    op.create_index("ix_session_account_id", "session", ["account_id"])
    op.create_index("ix_session_ends_at", "session", ["ends_at"])
    op.create_table(
        "refresh_token",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        _id("session_id", sa.ForeignKey("session.id", ondelete="CASCADE")),
        _at("used_at", nullable=True),
    )
    op.create_index("ix_refresh_token_session_id", "refresh_token", ["session_id"])


def _create_keys() -> None:
    op.create_table(
        "issuing_key",
        sa.Column("kid", sa.String(), primary_key=True),
        _text("use"),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        _at("signs_from"),
        _at("not_after", nullable=True),
        sa.Column("withdrawn", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_index("issuing_key_by_use", "issuing_key", ["use", "signs_from"])
    op.create_table("key_set", sa.Column("set_no", sa.Integer(), primary_key=True, autoincrement=False), _at("published_at"))


def downgrade() -> None:
    for table in (
        "key_set",
        "issuing_key",
        "refresh_token",
        "session",
        "login_decoy",
        "account",
        "scan",
        "code",
        "station",
        "mandate",
        "person",
        "organisation",
        "region",
    ):
        op.drop_table(table)
