"""Deputies' suggestions: their texts, signers, pre-checks, withdrawals, files and contact data, and what the public may read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


def _at(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[sa.String]:
    return sa.Column(name, sa.String(), nullable=nullable, primary_key=primary_key)


def _long(name: str, *, nullable: bool = False) -> sa.Column[sa.Text]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _id(name: str, *, primary_key: bool = False) -> sa.Column[sa.Uuid]:
    return sa.Column(name, sa.Uuid(), primary_key=primary_key, nullable=False)


def _number(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[sa.Integer]:
    return sa.Column(name, sa.Integer(), nullable=nullable, primary_key=primary_key, autoincrement=False)


def _flag(name: str) -> sa.Column[sa.Boolean]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _box(name: str, *, nullable: bool = True) -> sa.Column[sa.LargeBinary]:
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _suggestion_id(*, primary_key: bool = False) -> sa.Column[sa.Uuid]:
    return sa.Column("suggestion_id", sa.Uuid(), sa.ForeignKey("suggestion.id"), primary_key=primary_key, nullable=False)


def upgrade() -> None:
    _create_suggestion()
    _create_texts()
    _create_contact()
    _create_signers_and_advisers()
    _create_withdrawal()
    _create_steps_and_public()


def _create_suggestion() -> None:
    op.create_table(
        "suggestion",
        _id("id", primary_key=True),
        _text("site"),
        sa.Column("number", sa.String(), nullable=False, unique=True),
        _id("deputy_id"),
        _text("level"),
        _text("delegation"),
        _text("region"),
        _text("office"),
        _text("kind"),
        _text("raised_in"),
        _text("status"),
        _number("version"),
        _number("content_version"),
        _number("shown_version", nullable=True),
        _flag("confidential"),
        _flag("from_bill"),
        _text("session", nullable=True),
        _number("term", nullable=True),
        _number("meeting", nullable=True),
        _text("category", nullable=True),
        _text("refusal_ground", nullable=True),
        _long("refusal_reason", nullable=True),
        _text("letter_to", nullable=True),
        _flag("withdrawal_asked"),
        sa.Column("quality", JSONB()),
        _text("profile_version"),
        _at("created_at"),
        _at("submitted_at", nullable=True),
    )
    op.create_index("suggestion_of_lead", "suggestion", ["deputy_id", "id"])
    op.create_index("suggestion_of_office", "suggestion", ["office", "id"], postgresql_where=sa.text("shown_version IS NOT NULL"))


def _create_texts() -> None:
    op.create_table(
        "suggestion_version",
        _suggestion_id(primary_key=True),
        _number("number", primary_key=True),
        sa.Column("content", JSONB(), nullable=False),
        _flag("confidential"),
        _flag("read_by_others"),
        _text("handed_over", nullable=True),
        _at("began_at"),
        _at("saved_at"),
    )
    op.create_table(
        "suggestion_attachment",
        _id("id", primary_key=True),
        _suggestion_id(),
        _text("name"),
        _text("media_type"),
        _number("size"),
        _text("sha256"),
        _box("data", nullable=False),
        _at("added_at"),
    )
    op.create_index("ix_suggestion_attachment_suggestion_id", "suggestion_attachment", ["suggestion_id"])


def _create_contact() -> None:
    op.create_table(
        "suggestion_contact",
        _suggestion_id(primary_key=True),
        _box("key_wrapped", nullable=False),
        _box("phone_box"),
        _box("address_box"),
        _box("postcode_box"),
        _box("card_box"),
        _at("given_at"),
    )
    op.create_table(
        "suggestion_contact_reading",
        _id("id", primary_key=True),
        _suggestion_id(),
        _id("by_account"),
        _text("by_organisation", nullable=True),
        _long("purpose"),
        _at("at"),
    )
    op.create_index("ix_suggestion_contact_reading_suggestion_id", "suggestion_contact_reading", ["suggestion_id"])


def _create_signers_and_advisers() -> None:
    op.create_table(
        "suggestion_co_signer",
        _suggestion_id(primary_key=True),
        _id("deputy_id", primary_key=True),
        _text("state"),
        _number("content_version"),
        _at("invited_at"),
        _at("answered_at", nullable=True),
    )
    op.create_index("suggestion_co_signer_of", "suggestion_co_signer", ["deputy_id", "suggestion_id"])
    op.create_table(
        "suggestion_pre_check",
        _suggestion_id(primary_key=True),
        _text("organisation", primary_key=True),
        _number("content_version"),
        _at("asked_at"),
    )
    op.create_index("suggestion_pre_check_of", "suggestion_pre_check", ["organisation", "suggestion_id"])
    op.create_table(
        "suggestion_pre_check_opinion",
        _id("id", primary_key=True),
        _suggestion_id(),
        _text("organisation"),
        _text("point"),
        _flag("favourable"),
        _long("comment"),
        _number("content_version"),
        _id("by_account"),
        _at("at"),
    )
    op.create_index("ix_suggestion_pre_check_opinion_suggestion_id", "suggestion_pre_check_opinion", ["suggestion_id"])


def _create_withdrawal() -> None:
    op.create_table(
        "suggestion_withdrawal",
        _id("id", primary_key=True),
        _suggestion_id(),
        _long("reason", nullable=True),
        _text("outcome"),
        _at("proposed_at"),
        _at("ended_at", nullable=True),
    )
    op.create_index(
        "suggestion_withdrawal_open",
        "suggestion_withdrawal",
        ["suggestion_id"],
        unique=True,
        postgresql_where=sa.text("outcome = 'open'"),
    )
    op.create_table(
        "suggestion_withdrawal_answer",
        sa.Column("withdrawal_id", sa.Uuid(), sa.ForeignKey("suggestion_withdrawal.id"), primary_key=True, nullable=False),
        _id("deputy_id", primary_key=True),
        _flag("agreed"),
        _at("at"),
    )


def _create_steps_and_public() -> None:
    op.create_table(
        "suggestion_step",
        _suggestion_id(primary_key=True),
        _number("version", primary_key=True),
        _text("action"),
        _text("from_status"),
        _text("to_status"),
        _number("content_version"),
        _text("by_role"),
        _text("by_organisation", nullable=True),
        sa.Column("by_deputy", sa.Uuid()),
        _id("by_account"),
        _long("note", nullable=True),
        _at("at"),
    )
    op.create_table(
        "suggestion_public",
        _suggestion_id(primary_key=True),
        _text("number"),
        _text("kind"),
        _text("raised_in"),
        _number("term", nullable=True),
        _number("meeting", nullable=True),
        _long("title"),
        _long("text", nullable=True),
        _text("lead"),
        _text("delegation"),
        _number("signers"),
        _at("checked_at"),
    )
    op.create_index("suggestion_public_newest", "suggestion_public", ["checked_at", "suggestion_id"])
