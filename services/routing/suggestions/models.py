"""Tables of cases about deputies' suggestions: what the case itself does not hold."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.routing.models import Base
from shared.db import utc_column


class SuggestionCase(Base, table=True):
    """What intake's office handed over with a suggestion. The case's region is the office's; `region` is the deputy's.

    `handling` says whether the signers see one lead with co-handlers or separate handling (分别办理). Wishes bind nobody.
    Of a confidential one the case has neither title nor text: its desk reads them in intake.
    """

    __tablename__ = "suggestion_case"

    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    kind: str
    raised_in: str
    session: str | None = None
    term: int | None = None
    meeting: int | None = None
    level: str
    delegation: str
    region: str
    publication: str
    handling: str
    lead_wish: str | None = None
    co_wishes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    raised_before: str | None = None
    confidential: bool
    wants_contact: bool
    reply_wanted: bool
    from_bill: bool
    quality: int


class SuggestionSigner(Base, table=True):
    """A deputy who signed: the lead (领衔) or a co-signer (附议). `opened_at` is the case's: a deputy's list is read from one index."""

    __tablename__ = "suggestion_signer"
    __table_args__ = (Index("suggestion_signer_of_deputy", "deputy_id", sql("opened_at DESC"), sql("case_id DESC")),)

    case_id: uuid.UUID = Field(primary_key=True, foreign_key="cases.id")
    deputy_id: uuid.UUID = Field(primary_key=True)
    part: str
    opened_at: datetime = utc_column()
