"""What cases of deputies' suggestions hold besides, who signed them, and how they are evaluated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0008"
down_revision = "0009"


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
    _forms()
    _second_appraisals()
    _answers()


def _forms() -> None:
    op.create_table(
        "opinion_form",
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("round", sa.Integer(), primary_key=True),
        sa.Column("deputy_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("channels", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("decides", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_is_provisional", sa.Boolean(), nullable=False),
        sa.Column("due_calendar", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("profile_version", sa.String(), nullable=False),
    )
    still_out = sa.text("state = 'open' AND reminded_at IS NULL")
    op.create_index("opinion_form_to_remind", "opinion_form", ["remind_at"], postgresql_where=still_out)
    still_open = sa.text("state = 'open'")
    op.create_index("opinion_form_falling_due", "opinion_form", ["due_at"], postgresql_where=still_open)
    op.create_index("opinion_form_by_calendar", "opinion_form", ["due_calendar"], postgresql_where=still_open)
    newest = [sa.text("sent_at DESC"), sa.text("case_id DESC")]
    op.create_index("opinion_form_of_deputy", "opinion_form", ["deputy_id", *newest])
    op.create_index("opinion_form_newest", "opinion_form", newest)
    op.create_table(
        "deputy_rating",
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("round", sa.Integer(), primary_key=True),
        sa.Column("channel", sa.String(), primary_key=True),
        sa.Column("deputy_id", sa.Uuid(), nullable=False),
        sa.Column("attitude", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
    )
    op.create_table(
        "signer_comment",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("signer_comment_of_case", "signer_comment", ["case_id", "at"])


def _second_appraisals() -> None:
    op.create_table(
        "second_appraisal",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("profile_version", sa.String(), nullable=False),
    )
    op.create_index("second_appraisal_open", "second_appraisal", ["case_id"], unique=True, postgresql_where=sa.text("state = 'open'"))
    op.create_index("second_appraisal_of_case", "second_appraisal", ["case_id"])
    op.create_index("second_appraisal_newest", "second_appraisal", [sa.text("opened_at DESC"), sa.text("id DESC")])
    op.create_table(
        "second_appraisal_seat",
        sa.Column("appraisal_id", sa.Uuid(), sa.ForeignKey("second_appraisal.id"), primary_key=True),
        sa.Column("seat", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=True),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column("cast_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
    )
    seated = sa.text("deputy_id IS NOT NULL")
    op.create_index("second_appraisal_seat_of_deputy", "second_appraisal_seat", ["deputy_id"], postgresql_where=seated)


def _answers() -> None:
    op.create_table(
        "answer",
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("round", sa.Integer(), primary_key=True),
        sa.Column("deputy_id", sa.Uuid(), primary_key=True),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_table(
        "delivery",
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("round", sa.Integer(), primary_key=True),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "published_reply",
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("round", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("suggestion", sa.Text(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_account", sa.Uuid(), nullable=False),
        sa.Column("profile_version", sa.String(), nullable=False),
    )
