"""Tables of suggestions. Versions that others have read, history, answers, opinions and readings are only ever added to."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, LargeBinary, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Suggestion(Base, table=True):
    """A deputy's suggestion, criticism or opinion (建议、批评和意见), or a bill (议案).

    `content_version` is the text its signers work on, `shown_version` the one the offices were last handed, if any: they
    never see a draft. `kind`, `raised_in` are those of the text worked on. `confidential` holds as soon as either text is.
    `office` is the region of the congress's office. `quality` is frozen by the check.
    """

    __tablename__ = "suggestion"
    __table_args__ = (
        Index("suggestion_of_lead", "deputy_id", "id"),
        Index("suggestion_of_office", "office", "id", postgresql_where=sql("shown_version IS NOT NULL")),
    )

    id: uuid.UUID = Field(primary_key=True)
    site: str
    number: str = Field(unique=True)
    deputy_id: uuid.UUID
    level: str
    delegation: str
    region: str
    office: str
    kind: str
    raised_in: str
    status: str
    version: int
    content_version: int
    shown_version: int | None = None
    confidential: bool
    from_bill: bool = False
    session: str | None = None
    term: int | None = None
    meeting: int | None = None
    category: str | None = None
    refusal_ground: str | None = None
    refusal_reason: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    letter_to: str | None = None
    withdrawal_asked: bool = False
    quality: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))
    profile_version: str
    created_at: datetime = utc_column()
    submitted_at: datetime | None = utc_column(nullable=True, default=None)


class SuggestionVersion(Base, table=True):
    """A state of the text. `read_by_others` says that somebody but the lead could read it: it is never changed again.

    `handed_over` names why the offices have it: `pre_submitted` or `submitted`; null for drafts.
    """

    __tablename__ = "suggestion_version"

    suggestion_id: uuid.UUID = Field(primary_key=True, foreign_key="suggestion.id")
    number: int = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    confidential: bool
    read_by_others: bool = False
    handed_over: str | None = None
    began_at: datetime = utc_column()
    saved_at: datetime = utc_column()


class SuggestionContact(Base, table=True):
    """How to reach the lead (class C2): boxes under a key of this matter alone. Without the row nobody can read them."""

    __tablename__ = "suggestion_contact"

    suggestion_id: uuid.UUID = Field(primary_key=True, foreign_key="suggestion.id")
    key_wrapped: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    phone_box: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    address_box: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    postcode_box: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    card_box: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    given_at: datetime = utc_column()


class SuggestionContactReading(Base, table=True):
    """An office read the lead's contact data, and what for."""

    __tablename__ = "suggestion_contact_reading"

    id: uuid.UUID = Field(primary_key=True)
    suggestion_id: uuid.UUID = Field(foreign_key="suggestion.id", index=True)
    by_account: uuid.UUID
    by_organisation: str | None = None
    purpose: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = utc_column()


class CoSigner(Base, table=True):
    """A deputy asked to sign (附议人): invited, agreed, declined or released. `content_version` is the text the answer is about."""

    __tablename__ = "suggestion_co_signer"
    __table_args__ = (Index("suggestion_co_signer_of", "deputy_id", "suggestion_id"),)

    suggestion_id: uuid.UUID = Field(primary_key=True, foreign_key="suggestion.id")
    deputy_id: uuid.UUID = Field(primary_key=True)
    state: str
    content_version: int
    invited_at: datetime = utc_column()
    answered_at: datetime | None = utc_column(nullable=True, default=None)


class PreCheck(Base, table=True):
    """An organisation asked for its opinion, on the text of `content_version`."""

    __tablename__ = "suggestion_pre_check"
    __table_args__ = (Index("suggestion_pre_check_of", "organisation", "suggestion_id"),)

    suggestion_id: uuid.UUID = Field(primary_key=True, foreign_key="suggestion.id")
    organisation: str = Field(primary_key=True)
    content_version: int
    asked_at: datetime = utc_column()


class PreCheckOpinion(Base, table=True):
    """An adviser's opinion on one point. A later one of the same organisation stands beside it; the newest counts."""

    __tablename__ = "suggestion_pre_check_opinion"

    id: uuid.UUID = Field(primary_key=True)
    suggestion_id: uuid.UUID = Field(foreign_key="suggestion.id", index=True)
    organisation: str
    point: str
    favourable: bool
    comment: str = Field(sa_column=Column(Text, nullable=False))
    content_version: int
    by_account: uuid.UUID
    at: datetime = utc_column()


class Withdrawal(Base, table=True):
    """A wish of the lead to withdraw a joint suggestion: open until all co-signers agreed, or one did not."""

    __tablename__ = "suggestion_withdrawal"
    __table_args__ = (Index("suggestion_withdrawal_open", "suggestion_id", unique=True, postgresql_where=sql("outcome = 'open'")),)

    id: uuid.UUID = Field(primary_key=True)
    suggestion_id: uuid.UUID = Field(foreign_key="suggestion.id")
    reason: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    outcome: str
    proposed_at: datetime = utc_column()
    ended_at: datetime | None = utc_column(nullable=True, default=None)


class WithdrawalAnswer(Base, table=True):
    """What a co-signer said to a withdrawal."""

    __tablename__ = "suggestion_withdrawal_answer"

    withdrawal_id: uuid.UUID = Field(primary_key=True, foreign_key="suggestion_withdrawal.id")
    deputy_id: uuid.UUID = Field(primary_key=True)
    agreed: bool
    at: datetime = utc_column()


class SuggestionStep(Base, table=True):
    """One applied action. `version` is the suggestion's after it. Who did it is a role and an organisation, or the deputy;
    `by_account` is for audits and never shown. `note` is a reason given."""

    __tablename__ = "suggestion_step"

    suggestion_id: uuid.UUID = Field(primary_key=True, foreign_key="suggestion.id")
    version: int = Field(primary_key=True)
    action: str
    from_status: str
    to_status: str
    content_version: int
    by_role: str
    by_organisation: str | None = None
    by_deputy: uuid.UUID | None = None
    by_account: uuid.UUID
    note: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    at: datetime = utc_column()


class Attachment(Base, table=True):
    """A file (附件). Never changed; which texts it belongs to, their content says."""

    __tablename__ = "suggestion_attachment"
    __table_args__ = (ForeignKeyConstraint(["suggestion_id"], ["suggestion.id"]),)

    id: uuid.UUID = Field(primary_key=True)
    suggestion_id: uuid.UUID = Field(index=True)
    name: str
    media_type: str
    size: int
    sha256: str
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    added_at: datetime = utc_column()


class PublicSuggestion(Base, table=True):
    """What anybody may read of a checked suggestion, masked when it was written: no text unless its signers agreed to it.

    Nothing of a confidential one is ever here.
    """

    __tablename__ = "suggestion_public"
    __table_args__ = (Index("suggestion_public_newest", "checked_at", "suggestion_id"),)

    suggestion_id: uuid.UUID = Field(primary_key=True, foreign_key="suggestion.id")
    number: str
    kind: str
    raised_in: str
    term: int | None = None
    meeting: int | None = None
    title: str = Field(sa_column=Column(Text, nullable=False))
    text: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    lead: str
    delegation: str
    signers: int
    checked_at: datetime = utc_column()
