"""Supervision of handling: promises, look-backs, key cases and who supervises, meetings, the procuratorate, other systems."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _promises()
    _look_backs()
    _supervisors()
    _meetings()
    _procuratorate()
    _adapters()


def _promises() -> None:
    op.create_table(
        "promise",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=True),
        sa.Column("promised", sa.Text(), nullable=False),
        sa.Column("promised_by", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("overdue_told", sa.Boolean(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("profile_version", sa.String(), nullable=False),
    )
    op.create_index("promise_by_due", "promise", ["due_at", "id"])
    op.create_index(
        "promise_falling_due", "promise", ["due_at"], postgresql_where=sa.text("state IN ('open', 'changed') AND NOT overdue_told")
    )
    op.create_index("promise_of_case", "promise", ["case_id"])
    op.create_index("promise_of_department", "promise", ["department", "due_at", "id"])
    op.create_table(
        "promise_change",
        sa.Column("promise_id", sa.Uuid(), sa.ForeignKey("promise.id"), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("before", sa.Date(), nullable=False),
        sa.Column("promised_by", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("agreed_by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_account", sa.Uuid(), nullable=False),
    )
    op.create_table(
        "promise_rating",
        sa.Column("promise_id", sa.Uuid(), sa.ForeignKey("promise.id"), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
    )


def _look_backs() -> None:
    op.create_table(
        "look_back",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("selection", pg.JSONB(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("filled_to", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("profile_version", sa.String(), nullable=False),
    )
    op.create_index("look_back_filling", "look_back", ["made_at"], postgresql_where=sa.text("state = 'filling'"))
    op.create_index("look_back_newest", "look_back", [sa.text("made_at DESC"), sa.text("id DESC")])
    op.create_table(
        "look_back_item",
        sa.Column("look_back_id", sa.Uuid(), sa.ForeignKey("look_back.id"), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=True),
        sa.Column("result_class", sa.String(), nullable=True),
        sa.Column("finding", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "look_back_finding",
        sa.Column("look_back_id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("looked_by", sa.String(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("supervised", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_account", sa.Uuid(), nullable=False),
    )


def _supervisors() -> None:
    op.create_table(
        "supervision",
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_number", sa.String(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("ground", sa.String(), nullable=True),
    )
    op.create_index(
        "key_cases", "supervision", [sa.text("key_since DESC"), sa.text("case_id DESC")], postgresql_where=sa.text("key_since IS NOT NULL")
    )
    op.create_table(
        "key_decision",
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("decision_number", sa.String(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_account", sa.Uuid(), nullable=False),
        sa.Column("profile_version", sa.String(), nullable=False),
    )
    op.create_table(
        "supervisor",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=True),
        sa.Column("office", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index(
        "joined_once", "supervisor", ["case_id", "organisation"], unique=True, postgresql_where=sa.text("part = 'joint' AND until IS NULL")
    )
    op.create_index("supervisor_of_case", "supervisor", ["case_id"])
    op.create_table(
        "supervision_note",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_role", sa.String(), nullable=False),
        sa.Column("by_account", sa.Uuid(), nullable=False),
    )
    op.create_index("note_of_case", "supervision_note", ["case_id", "id"])


def _meetings() -> None:
    op.create_table(
        "meeting",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("said", pg.JSONB(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ticked", pg.ARRAY(sa.Text()), nullable=False, server_default="{}"),
        sa.Column("minutes", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_by", sa.Uuid(), nullable=False),
        sa.Column("profile_version", sa.String(), nullable=False),
    )
    op.create_index("meeting_by_type", "meeting", ["type", "held_on"])
    op.create_index("meeting_newest", "meeting", [sa.text("held_on DESC"), sa.text("id DESC")])
    op.create_table(
        "meeting_case",
        sa.Column("meeting_id", sa.Uuid(), sa.ForeignKey("meeting.id"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("votes", pg.JSONB(), nullable=True),
    )
    op.create_index("meetings_of_case", "meeting_case", ["case_id"])
    op.create_table(
        "meeting_unit",
        sa.Column("meeting_id", sa.Uuid(), sa.ForeignKey("meeting.id"), primary_key=True),
        sa.Column("organisation", sa.String(), primary_key=True),
        sa.Column("present", sa.Boolean(), nullable=True),
    )
    op.create_index("meetings_of_unit", "meeting_unit", ["organisation"])


def _procuratorate() -> None:
    op.create_table(
        "procuratorate_transfer",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("documents", pg.ARRAY(sa.Text()), nullable=False, server_default="{}"),
        sa.Column("term_ends_on", sa.Date(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_is_provisional", sa.Boolean(), nullable=False),
        sa.Column("overdue_told", sa.Boolean(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("documented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("documents_on_time", sa.Boolean(), nullable=True),
        sa.Column("result_on_time", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by_account", sa.Uuid(), nullable=False),
        sa.Column("profile_version", sa.String(), nullable=False),
    )
    op.create_index(
        "handed_over_once",
        "procuratorate_transfer",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('handed_over', 'accepted', 'documented')"),
    )
    op.create_index(
        "tied_once", "procuratorate_transfer", ["case_id", "reference"], unique=True, postgresql_where=sa.text("direction = 'in'")
    )
    op.create_index(
        "transfer_falling_due",
        "procuratorate_transfer",
        ["due_at"],
        postgresql_where=sa.text("state IN ('accepted', 'documented') AND NOT overdue_told"),
    )
    op.create_index("transfer_newest", "procuratorate_transfer", [sa.text("at DESC"), sa.text("id DESC")])
    op.create_index("transfer_of_case", "procuratorate_transfer", ["case_id"])


def _adapters() -> None:
    op.create_table(
        "handed_out",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("case_id", sa.Uuid(), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_account", sa.Uuid(), nullable=False),
        sa.Column("profile_version", sa.String(), nullable=False),
    )
    op.create_index(
        "external_id_once", "handed_out", ["adapter", "external_id"], unique=True, postgresql_where=sa.text("external_id IS NOT NULL")
    )
    op.create_index("handed_out_of_case", "handed_out", ["case_id"])
    op.create_index("handed_out_queue", "handed_out", ["adapter", "id"], postgresql_where=sa.text("state = 'queued'"))
    op.create_table(
        "external_status",
        sa.Column("adapter", sa.String(), primary_key=True),
        sa.Column("report_id", sa.String(), primary_key=True),
        sa.Column("handed_out_id", sa.Uuid(), sa.ForeignKey("handed_out.id"), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
