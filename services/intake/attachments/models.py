"""Tables of attachments: what is on its way, and what has arrived. The content of what has arrived is in the object store."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Uuid, text
from sqlmodel import Field

from services.intake.models import Base
from shared.db import utc_column


class Upload(Base, table=True):
    """A file on its way. Whoever has the token, of which a hash is kept, may go on with it; `received` is where."""

    __tablename__ = "upload"
    __table_args__ = (Index("upload_begun", "begun_at"),)

    id: uuid.UUID = Field(primary_key=True)
    token_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    size: int
    sha256: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    received: int = 0
    begun_at: datetime = utc_column()


class UploadPiece(Base, table=True):
    """A piece of a file on its way."""

    __tablename__ = "upload_piece"

    upload_id: uuid.UUID = Field(sa_column=Column(Uuid(), ForeignKey("upload.id", ondelete="CASCADE"), primary_key=True))
    begins: int = Field(primary_key=True)
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Attachment(Base, table=True):
    """A file that has arrived and was cleaned (附件). `digest` is the SHA-256 of what is kept, by which the store has it.

    Until `opinion_id` is set only the token's holder has it; after `waits_hours` without one it goes.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        Index("attachment_of_opinion", "opinion_id", "id"),
        Index("attachment_digest", "digest"),
        Index("attachment_waiting", "arrived_at", postgresql_where=text("opinion_id IS NULL")),
    )

    id: uuid.UUID = Field(primary_key=True)
    token_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    opinion_id: uuid.UUID | None = Field(default=None, foreign_key="opinion.id")
    media_type: str
    size: int
    digest: str
    arrived_at: datetime = utc_column()
    given_at: datetime | None = utc_column(nullable=True, default=None)


class ErasedContent(Base, table=True):
    """A content whose matter was erased, until the store has let go of it: what a process that died had begun is done later."""

    __tablename__ = "erased_content"
    __table_args__ = (Index("erased_content_oldest", "since"),)

    digest: str = Field(primary_key=True)
    since: datetime = utc_column()
