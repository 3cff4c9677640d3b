"""Cases and all that happens to them; organisations by version; search by bigrams."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0001"
down_revision = None


def _at(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False, key: bool = False) -> sa.Column[sa.String]:
    return sa.Column(name, sa.String(), nullable=nullable, primary_key=key)


def _number(name: str, *, key: bool = False) -> sa.Column[sa.Integer]:
    return sa.Column(name, sa.Integer(), nullable=False, primary_key=key, autoincrement=False)


def _case(*, key: bool = False, checked: bool = False) -> sa.Column[sa.Uuid]:
    references = [sa.ForeignKey("cases.id")] if checked else []
    return sa.Column("case_id", sa.Uuid(), *references, nullable=False, primary_key=key)


def upgrade() -> None:
    _cases()
    _facts()
    _search()
    op.create_table(
        "organisation_version",
        _text("organisation", key=True),
        _number("version_no", key=True),
        _text("name"),
        _text("kind"),
        _text("region"),
        sa.Column("active", sa.Boolean(), nullable=False),
        _at("since"),
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _text("site"),
        sa.Column("opinion_id", sa.Uuid(), nullable=False),
        _text("number"),
        _text("matter"),
        _text("channel"),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        _text("region"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _text("category", nullable=True),
        _text("proposed_category", nullable=True),
        _text("proposed_lead", nullable=True),
        sa.Column("confidence", sa.Float(), nullable=False),
        _text("source"),
        _text("status"),
        _number("version"),
        _number("round"),
        _text("lead", nullable=True),
        sa.Column("co_handlers", pg.ARRAY(sa.Text()), server_default="{}", nullable=False),
        _at("handed_over_at", nullable=True),
        _at("clock_from", nullable=True),
        _at("reply_due_at", nullable=True),
        sa.Column("due_is_provisional", sa.Boolean(), nullable=False),
        _text("due_calendar", nullable=True),
        _number("overdue_round"),
        _text("result_class", nullable=True),
        _at("opened_at"),
        _text("profile_version"),
    )
    op.create_index("cases_newest", "cases", [sa.text("opened_at DESC"), sa.text("id DESC")])
    op.create_index("cases_by_status", "cases", ["status", sa.text("opened_at DESC"), sa.text("id DESC")])
    op.create_index("cases_by_number", "cases", ["number"])
    op.create_index("cases_by_class", "cases", ["result_class", "lead"], postgresql_where=sa.text("result_class IS NOT NULL"))
    waiting = "status = 'to_assign' AND version = 1"
    op.create_index("cases_waiting", "cases", ["proposed_lead", "opened_at"], postgresql_where=sa.text(waiting))
    running = "status IN ('assigned', 'accepted', 'objected') AND overdue_round < round"
    op.create_index("cases_falling_due", "cases", ["reply_due_at"], postgresql_where=sa.text(running))


def _facts() -> None:
    op.create_table(
        "part",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _case(),
        _text("organisation"),
        _text("part"),
        _number("round"),
        sa.Column("current", sa.Boolean(), nullable=False),
        _at("opened_at"),
    )
    newest = [sa.text("opened_at DESC"), sa.text("case_id DESC")]
    op.create_index("part_of_organisation", "part", ["organisation", *newest], postgresql_where=sa.text("current"))
    op.create_index("part_of_case", "part", ["case_id"])
    op.create_table(
        "case_history",
        _case(key=True),
        _number("version", key=True),
        _text("action"),
        _text("from_status", nullable=True),
        _text("to_status"),
        _number("round"),
        _text("by_role"),
        _text("by_organisation", nullable=True),
        sa.Column("by_account", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        _at("at"),
        _text("profile_version"),
    )
    op.create_table(
        "reply",
        _case(key=True, checked=True),
        _number("round", key=True),
        _text("department"),
        _text("result_class"),
        sa.Column("counts_as_done", sa.Boolean(), nullable=False),
        sa.Column("counts_as_promise", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _text("signer"),
        _at("replied_at"),
        sa.Column("on_time", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "rating",
        _case(key=True, checked=True),
        _number("round", key=True),
        _text("level"),
        sa.Column("comment", sa.Text(), nullable=True),
        _at("rated_at"),
    )
    op.create_table("supervision_mark", _case(key=True, checked=True), _number("round", key=True), _text("reason"), _at("at"))


def _search() -> None:
    op.create_table("case_search", _case(key=True), sa.Column("grams", pg.ARRAY(sa.Integer()), nullable=True))
    op.create_index("case_search_grams", "case_search", ["grams"], postgresql_using="gin")
    op.create_index("case_search_unread", "case_search", ["case_id"], postgresql_where=sa.text("grams IS NULL"))
