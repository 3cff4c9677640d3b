"""Tables of routing. Facts of the past (history, replies, ratings, marks, versions) are only ever added to."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Identity, Index, Integer, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import utc_column


class Base(SQLModel, registry=registry()):
    """Own metadata of this service."""

    __abstract__ = True


class CaseState(SQLModel):
    """A matter on its way through the departments; one per opinion, `id` derived from the opinion's.

    `clock_from` is the first hand-over of the round, `handed_over_at` the newest. `overdue_round` is the last round
    whose lateness was told, 0 when none was. `next_push_at` is when the lead is to hear next that its reply is owed: first when
    the light turns yellow, then at the deadline and again after it. `decide_by` is until when the desk is to decide on an
    objection, None while there is none, and `decision_overdue` that its lateness was told; `upheld_at` says that the newest
    hand-over was upheld. `profile_version` is the profile it was opened under. `handled_with` is the head of the cases that are
    handled together (并案), `part_of` the first of those that one matter was split into (分办); a head and a first name themselves.
    """

    id: uuid.UUID = Field(primary_key=True)
    site: str
    opinion_id: uuid.UUID
    number: str
    matter: str
    channel: str
    target_id: uuid.UUID
    region: str
    title: str = Field(sa_type=Text)
    text: str = Field(sa_type=Text)
    category: str | None = None
    proposed_category: str | None = None
    proposed_lead: str | None = None
    confidence: float
    source: str
    status: str
    version: int
    round: int
    lead: str | None = None
    co_handlers: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default="{}"))
    handed_over_at: datetime | None = utc_column(nullable=True, default=None)
    clock_from: datetime | None = utc_column(nullable=True, default=None)
    reply_due_at: datetime | None = utc_column(nullable=True, default=None)
    due_is_provisional: bool = False
    due_calendar: str | None = None
    overdue_round: int = 0
    next_push_at: datetime | None = utc_column(nullable=True, default=None)
    decide_by: datetime | None = utc_column(nullable=True, default=None)
    decision_overdue: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})
    upheld_at: datetime | None = utc_column(nullable=True, default=None)
    result_class: str | None = None
    opened_at: datetime = utc_column()
    profile_version: str
    lane: str = Field(default="ordinary", sa_column_kwargs={"server_default": "ordinary"})
    handled_with: uuid.UUID | None = None
    part_of: uuid.UUID | None = None

    @property
    def department(self) -> str | None:
        """What the doors and events call the lead."""
        return self.lead


class Case(Base, CaseState, table=True):
    """The table of cases. Verbs hold a case as `CaseState`."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("cases_newest", sql("opened_at DESC"), sql("id DESC")),
        Index("cases_by_status", "status", sql("opened_at DESC"), sql("id DESC")),
        Index("cases_by_number", "number"),
        Index(
            "cases_running",
            sql("opened_at DESC"),
            sql("id DESC"),
            "reply_due_at",
            postgresql_where=sql("status IN ('assigned', 'accepted', 'objected')"),
        ),
        Index("cases_by_class", "result_class", "lead", postgresql_where=sql("result_class IS NOT NULL")),
        Index("cases_waiting", "proposed_lead", "opened_at", postgresql_where=sql("status = 'to_assign' AND version = 1")),
        Index(
            "cases_falling_due",
            "reply_due_at",
            postgresql_where=sql("status IN ('assigned', 'accepted', 'objected') AND overdue_round < round"),
        ),
        Index("cases_handled_with", "handled_with", postgresql_where=sql("handled_with IS NOT NULL")),
        Index("cases_part_of", "part_of", postgresql_where=sql("part_of IS NOT NULL")),
        Index("cases_handled", "category", sql("opened_at DESC"), postgresql_where=sql("status IN ('accepted', 'replied', 'closed')")),
        Index("cases_to_push", "next_push_at", postgresql_where=sql("status IN ('assigned', 'accepted', 'objected')")),
        Index("cases_undecided", "decide_by", postgresql_where=sql("status = 'objected' AND NOT decision_overdue")),
        Index("cases_by_calendar", "due_calendar", postgresql_where=sql("status IN ('assigned', 'accepted', 'objected')")),
    )


# Tables that opening a case fills have no foreign key: checking three of them is a third of what the database does for a
# case (measured), and their rows are written in the case's own transaction by one function only.


class Part(Base, table=True):
    """An organisation's part in a case: lead (主办) or co-handler (协办), by one hand-over. `id` is the assignment's.

    `opened_at` is the case's, so that an organisation's list is read in order from one index.
    """

    __tablename__ = "part"
    __table_args__ = (
        Index("part_of_organisation", "organisation", sql("opened_at DESC"), sql("case_id DESC"), postgresql_where=sql("current")),
        Index("part_of_case", "case_id"),
    )

    id: uuid.UUID = Field(primary_key=True)
    case_id: uuid.UUID
    organisation: str
    part: str
    round: int
    current: bool
    opened_at: datetime = utc_column()


class CaseHistory(Base, table=True):
    """One applied action. `version` is the case's after it: dense from 1. Who did it is a role and an organisation;
    `by_account` is for audits and never shown. `note` is the reason for an objection."""

    __tablename__ = "case_history"

    case_id: uuid.UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    action: str
    from_status: str | None = None
    to_status: str
    round: int
    by_role: str
    by_organisation: str | None = None
    by_account: uuid.UUID | None = None
    note: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    at: datetime = utc_column()
    profile_version: str


class Reply(Base, table=True):
    """The reply (答复) of a round. What its class counts as is kept as decided: a new profile never rewrites it."""

    __tablename__ = "reply"

    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    round: int = Field(primary_key=True)
    department: str
    result_class: str
    counts_as_done: bool
    counts_as_promise: bool
    text: str = Field(sa_type=Text)
    signer: str
    replied_at: datetime = utc_column()
    on_time: bool


class Rating(Base, table=True):
    """The resident's rating (评价) of a round's reply, if it counted. The comment is masked by intake."""

    __tablename__ = "rating"

    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    round: int = Field(primary_key=True)
    level: str
    comment: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    rated_at: datetime = utc_column()


class SupervisionMark(Base, table=True):
    """A case that is to be supervised (督办) since a round was opened by a rating of not satisfied."""

    __tablename__ = "supervision_mark"

    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    round: int = Field(primary_key=True)
    reason: str
    at: datetime = utc_column()


class OrganisationVersion(Base, table=True):
    """A version of an organisation and the moment since which it holds; the highest number is the present."""

    __tablename__ = "organisation_version"

    organisation: str = Field(primary_key=True)
    version_no: int = Field(primary_key=True)
    name: str
    kind: str
    region: str
    active: bool
    since: datetime = utc_column()


class CaseSearch(Base, table=True):
    """What a case is found by: the hashes of its bigrams, NULL until a sweep has computed them.

    Apart from `cases`, because an update of a row with a GIN index writes all its entries again, and filled later,
    because inserting them takes 0.3 ms a case (measured), more than all the rest of opening it.
    """

    __tablename__ = "case_search"
    __table_args__ = (
        Index("case_search_grams", "grams", postgresql_using="gin"),
        Index("case_search_unread", "case_id", postgresql_where=sql("grams IS NULL")),
    )

    case_id: uuid.UUID = Field(primary_key=True)
    grams: list[int] | None = Field(default=None, sa_column=Column(ARRAY(Integer), nullable=True))


class CalendarInForce(Base, table=True):
    """A calendar of days off and make-up working days that was put in force; the highest `seq` holds. `years` are those it covers."""

    __tablename__ = "calendar_in_force"

    seq: int | None = Field(default=None, sa_column=Column(Integer, Identity(always=True), primary_key=True))
    version: str
    years: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))
    since: datetime = utc_column()


class PolicyKept(Base, table=True):
    """The place's rules as routing ran under them, by the version that cases and their history name."""

    __tablename__ = "policy_kept"

    profile_version: str = Field(primary_key=True)
    said: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    since: datetime = utc_column()
