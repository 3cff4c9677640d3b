"""Calls for opinions, receptions, contacts and links, appointments, petitions, mediation; deputies and regions as directory told them.

It is over 300 lines because one migration makes the tables of six capabilities that came together.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def _at(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id(name: str = "id", *, nullable: bool = False, key: bool = False) -> sa.Column[sa.Uuid]:
    return sa.Column(name, sa.Uuid(), primary_key=key, nullable=nullable)


def _of(name: str, target: str, *, nullable: bool = False, key: bool = False, unique: bool = False) -> sa.Column[sa.Uuid]:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(target), primary_key=key, nullable=nullable, unique=unique)


def _str(name: str, *, nullable: bool = False, unique: bool = False) -> sa.Column[sa.String]:
    return sa.Column(name, sa.String(), nullable=nullable, unique=unique)


def _text(name: str, *, nullable: bool = False) -> sa.Column[sa.Text]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _int(name: str, *, nullable: bool = False, key: bool = False) -> sa.Column[sa.Integer]:
    return sa.Column(name, sa.Integer(), primary_key=key, nullable=nullable, autoincrement=False)


def _bool(name: str) -> sa.Column[sa.Boolean]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _date(name: str, *, nullable: bool = False, key: bool = False) -> sa.Column[sa.Date]:
    return sa.Column(name, sa.Date(), primary_key=key, nullable=nullable)


def _list(name: str) -> sa.Column[list[str]]:
    return sa.Column(name, postgresql.ARRAY(sa.String()), nullable=False)


def _sealed() -> list[sa.Column[sa.LargeBinary]]:
    return [
        sa.Column("key_wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("name_box", sa.LargeBinary()),
        sa.Column("phone_box", sa.LargeBinary()),
    ]


def _numbered() -> list[sa.Column[object]]:
    return [
        _str("number", unique=True),
        sa.Column("lookup_salt", sa.LargeBinary(), nullable=False),
        sa.Column("lookup_hash", sa.LargeBinary(), nullable=False),
    ]


def upgrade() -> None:
    _create_projections()
    _create_campaign()
    _create_reception()
    _create_what_happens_at_it()
    _create_contacts()
    _create_appointments()
    _create_petitions()
    _create_mediation()


def _create_projections() -> None:
    op.create_table(
        "deputy",
        _id("deputy_id", key=True),
        _id("person_id"),
        _str("name"),
        _str("level"),
        _str("region"),
        _str("group"),
        _str("status"),
        _date("starts_on"),
        _date("ends_on", nullable=True),
        _int("version_no"),
    )
    op.create_index("deputy_by_region", "deputy", ["region"])
    op.create_table(
        "region",
        sa.Column("code", sa.String(), primary_key=True),
        _str("name"),
        _str("kind"),
        _str("parent", nullable=True),
        _int("version_no"),
    )
    op.create_table("contact_view", _id(key=True), _id("matter_id"), _str("purpose"), _id("by"), _at("at"))
    op.create_index("contact_view_of_matter", "contact_view", ["matter_id", "at"])


def _create_campaign() -> None:
    op.create_table(
        "campaign",
        _id(key=True),
        _str("site"),
        _str("kind"),
        _str("title"),
        _text("text"),
        _str("region"),
        _list("categories"),
        _date("opens_on"),
        _date("closes_on"),
        _at("closed_at", nullable=True),
        _str("closed_because", nullable=True),
        _int("received", nullable=True),
        _text("outcome", nullable=True),
        _at("reported_at", nullable=True),
        _int("version"),
        _str("profile_version"),
        _id("entered_by"),
        _at("entered_at"),
    )
    op.create_index("campaign_by_window", "campaign", ["opens_on", "id"])
    op.create_index("campaign_open", "campaign", ["closes_on", "id"], postgresql_where=sa.text("closed_at IS NULL"))


def _create_reception() -> None:
    op.create_table(
        "reception",
        _id(key=True),
        _str("site"),
        _str("kind"),
        _str("theme"),
        _id("station_id", nullable=True),
        _str("place", nullable=True),
        _str("region"),
        _list("partners"),
        _str("link", nullable=True),
        _at("starts_at"),
        _at("ends_at"),
        _str("calendar", nullable=True),
        _date("by_rule", nullable=True),
        _bool("provisional"),
        _str("short_notice_reason", nullable=True),
        _str("state"),
        _str("cancelled_because", nullable=True),
        _at("announced_at", nullable=True),
        _at("concluded_at", nullable=True),
        _int("audience"),
        _int("version"),
        _str("profile_version"),
        _id("entered_by"),
        _at("entered_at"),
        sa.CheckConstraint("(station_id IS NULL) <> (place IS NULL)", name="at_a_station_or_a_place"),
        sa.CheckConstraint("starts_at < ends_at", name="ends_after_it_starts"),
    )
    op.create_index(
        "one_reception_at_a_time",
        "reception",
        ["station_id", "kind", "starts_at"],
        unique=True,
        postgresql_where=sa.text("state <> 'cancelled' AND station_id IS NOT NULL"),
    )
    op.create_index("reception_by_time", "reception", ["starts_at", "id"])
    op.create_index(
        "reception_to_announce", "reception", ["starts_at"], postgresql_where=sa.text("announced_at IS NULL AND state = 'planned'")
    )
    op.create_table(
        "reception_attendance",
        _of("reception_id", "reception.id", key=True),
        _id("deputy_id", key=True),
        _str("presence"),
        _str("channel", nullable=True),
        _id("code_id", nullable=True),
        _id("recorded_by"),
        _at("recorded_at"),
    )
    op.create_index("attendance_by_deputy", "reception_attendance", ["deputy_id"])
    op.create_table(
        "reception_expert", _of("reception_id", "reception.id", key=True), _int("position", key=True), _str("name"), _str("field")
    )


def _create_what_happens_at_it() -> None:
    op.create_table(
        "reception_received",
        _id(key=True),
        _of("reception_id", "reception.id"),
        _str("channel"),
        _id("entered_by"),
        _at("received_at"),
    )
    op.create_index("received_at_reception", "reception_received", ["reception_id", "id"])
    op.create_table(
        "reception_matter",
        _id(key=True),
        _of("reception_id", "reception.id"),
        _of("received_id", "reception_received.id"),
        _of("opinion_id", "opinion.id", nullable=True, unique=True),
        _str("declined", nullable=True),
        _str("stage"),
        _bool("settled"),
        _int("version"),
        sa.CheckConstraint("(opinion_id IS NULL) <> (declined IS NULL)", name="taken_or_declined"),
    )
    op.create_index("matter_at_reception", "reception_matter", ["reception_id", "id"])
    op.create_table(
        "reception_matter_step",
        _of("matter_id", "reception_matter.id", key=True),
        _int("version", key=True),
        _str("stage"),
        _bool("settled"),
        _text("note"),
        _id("by"),
        _at("at"),
    )
    op.create_table(
        "reception_comment",
        _id(key=True),
        _of("reception_id", "reception.id"),
        _text("text"),
        _str("state"),
        _id("decided_by", nullable=True),
        _at("sent_at"),
    )
    op.create_index("comment_at_reception", "reception_comment", ["reception_id", "id"])


def _create_contacts() -> None:
    op.create_table(
        "contact_link",
        _id(key=True),
        _str("kind"),
        _id("from_deputy_id"),
        _id("to_deputy_id", nullable=True),
        _str("region"),
        _date("starts_on"),
        _date("ends_on", nullable=True),
        _int("version"),
        _id("entered_by"),
        sa.CheckConstraint("ends_on IS NULL OR starts_on <= ends_on", name="link_in_order"),
    )
    op.create_index(
        "linked_once",
        "contact_link",
        ["kind", "from_deputy_id", sa.text("coalesce(to_deputy_id::text, region)")],
        unique=True,
        postgresql_where=sa.text("ends_on IS NULL"),
    )
    op.create_index("link_to", "contact_link", ["to_deputy_id"])
    op.create_index("link_by_region", "contact_link", ["region", "id"])
    op.create_table(
        "contact_log",
        _id(key=True),
        _str("site"),
        _id("deputy_id"),
        _str("kind"),
        _list("measures"),
        _date("on"),
        _str("channel"),
        _int("persons"),
        _str("region"),
        _of("link_id", "contact_link.id", nullable=True),
        _id("meeting_id", nullable=True),
        _int("matters"),
        _text("note", nullable=True),
        _str("struck_because", nullable=True),
        _at("struck_at", nullable=True),
        _id("logged_by"),
        _at("logged_at"),
    )
    op.create_index("contact_by_deputy", "contact_log", ["deputy_id", "on"])
    op.create_index("contact_by_region", "contact_log", ["region", "id"])
    op.create_table(
        "contact_reminder",
        _id("deputy_id", key=True),
        sa.Column("measure", sa.String(), primary_key=True),
        _date("starts_on", key=True),
        _date("ends_on"),
        _int("done"),
        _int("at_least"),
        _at("told_at"),
    )


def _create_appointments() -> None:
    op.create_table(
        "appointment_slot",
        _id(key=True),
        _str("site"),
        _str("host"),
        _id("deputy_id", nullable=True),
        _str("organisation", nullable=True),
        _str("region"),
        _at("starts_at"),
        _at("ends_at"),
        _str("channel"),
        _id("station_id", nullable=True),
        _str("link", nullable=True),
        _at("withdrawn_at", nullable=True),
        _id("offered_by"),
        _at("offered_at"),
        sa.CheckConstraint("(deputy_id IS NULL) <> (organisation IS NULL)", name="one_host"),
        sa.CheckConstraint("starts_at < ends_at", name="slot_in_order"),
    )
    # Ranges have an operator class for GiST in the server itself; equality of text would need an extension (record 0021).
    op.execute(
        "ALTER TABLE appointment_slot ADD CONSTRAINT one_place_at_a_time EXCLUDE USING gist ("
        "int8range(hashtextextended(host, 0), hashtextextended(host, 0), '[]') WITH &&, tstzrange(starts_at, ends_at) WITH &&"
        ") WHERE (withdrawn_at IS NULL)"
    )
    op.create_index("slot_by_deputy", "appointment_slot", ["deputy_id", "starts_at"])
    op.create_index("slot_by_organisation", "appointment_slot", ["organisation", "starts_at"])
    op.create_table(
        "appointment",
        _id(key=True),
        _of("slot_id", "appointment_slot.id"),
        *_numbered(),
        _text("topic"),
        *_sealed(),
        _str("state"),
        _str("cancelled_by", nullable=True),
        _str("outcome", nullable=True),
        _text("note", nullable=True),
        _of("opinion_id", "opinion.id", nullable=True),
        _int("version"),
        _at("booked_at"),
        _at("concluded_at", nullable=True),
    )
    op.create_index("no_double_booking", "appointment", ["slot_id"], unique=True, postgresql_where=sa.text("state <> 'cancelled'"))


def _create_petitions() -> None:
    op.create_table(
        "petition",
        _id(key=True),
        _str("site"),
        *_numbered(),
        *_sealed(),
        _id("deputy_id"),
        _str("region"),
        _text("title"),
        _text("text"),
        _str("state"),
        _str("consent_by", nullable=True),
        _str("consent_document", nullable=True),
        _at("consent_at", nullable=True),
        _str("end", nullable=True),
        _str("ground", nullable=True),
        _text("told", nullable=True),
        _of("lead_opinion_id", "opinion.id", nullable=True),
        _at("closed_at", nullable=True),
        _int("version"),
        _str("profile_version"),
        _id("entered_by"),
        _at("entered_at"),
    )
    op.create_index("petition_by_deputy", "petition", ["deputy_id", "id"])
    op.create_index("petition_by_region", "petition", ["region", "id"])
    op.create_table(
        "petition_transfer",
        _id(key=True),
        _of("petition_id", "petition.id"),
        _str("organisation"),
        _str("method"),
        _str("reference", nullable=True),
        _at("due_at"),
        _bool("due_provisional"),
        _text("answer", nullable=True),
        _at("answered_at", nullable=True),
        _id("by"),
        _at("at"),
    )
    op.create_index("transfer_of_petition", "petition_transfer", ["petition_id", "id"])


def _create_mediation() -> None:
    op.create_table(
        "mediation",
        _id(key=True),
        _str("site"),
        _str("kind"),
        _str("source"),
        _str("region"),
        _text("summary"),
        _str("state"),
        _str("outcome", nullable=True),
        _text("result", nullable=True),
        _date("concluded_on", nullable=True),
        _int("version"),
        _str("profile_version"),
        _id("entered_by"),
        _date("opened_on"),
        _at("opened_at"),
    )
    op.create_index("mediation_by_region", "mediation", ["region", "id"])
    op.create_index("mediation_concluded", "mediation", ["concluded_on"])
    op.create_table(
        "mediation_party", _id(key=True), _of("mediation_id", "mediation.id"), _str("side"), *_sealed(), _at("agreed_at", nullable=True)
    )
    op.create_index("party_of_mediation", "mediation_party", ["mediation_id", "id"])
    op.create_table(
        "mediation_mediator",
        _id(key=True),
        _of("mediation_id", "mediation.id"),
        _id("deputy_id", nullable=True),
        _str("name", nullable=True),
        _id("appointed_by"),
        _at("declared_at"),
        sa.CheckConstraint("(deputy_id IS NULL) <> (name IS NULL)", name="deputy_or_invited"),
    )
    op.create_index("appointed_once", "mediation_mediator", ["mediation_id", sa.text("coalesce(deputy_id::text, name)")], unique=True)
    op.create_index("mediator_deputy", "mediation_mediator", ["deputy_id"])
    op.create_table("mediation_session", _id(key=True), _of("mediation_id", "mediation.id"), _date("on"), _text("note"), _id("by"))
    op.create_index("session_of_mediation", "mediation_session", ["mediation_id", "id"])
