"""Reads of attachments: uploads by their token, and what a matter has for whoever may see it."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Sequence

from sqlalchemy import exists, func, select
from sqlmodel import col

from services.intake.attachments import rules
from services.intake.attachments.errors import AttachmentUnknown, UploadNotFound
from services.intake.attachments.models import Attachment, Upload, UploadPiece
from services.intake.errors import OpinionNotFound
from services.intake.models import Opinion, TimelineEntry
from services.intake.queries import scope_of
from shared.db import Tx
from shared.identity import Caller


async def upload(tx: Tx, upload_id: uuid.UUID, token: str, *, lock: bool = False) -> Upload:
    """A file on its way, for whoever has its token. Raises UploadNotFound."""
    found = await tx.get(Upload, upload_id, with_for_update=lock, populate_existing=lock)
    if found is None or not hmac.compare_digest(found.token_hash, rules.hash_of(token)):
        raise UploadNotFound()
    return found


async def arrived(tx: Tx, upload_id: uuid.UUID, token: str) -> Attachment | None:
    """The file that an upload became, while no matter has taken it."""
    found = await tx.get(Attachment, upload_id)
    if found is None or found.opinion_id is not None or not hmac.compare_digest(found.token_hash, rules.hash_of(token)):
        return None
    return found


async def content_of(tx: Tx, upload_id: uuid.UUID) -> bytes:
    """The pieces of a file on its way, in their order."""
    piece = UploadPiece
    pieces = await tx.scalars(select(col(piece.data)).where(col(piece.upload_id) == upload_id).order_by(col(piece.begins)))
    return b"".join(pieces)


async def waiting_bytes(tx: Tx) -> int:
    """What has come of all files that no matter has taken yet."""
    uploads = select(func.coalesce(func.sum(col(Upload.received)), 0)).scalar_subquery()
    files = select(func.coalesce(func.sum(col(Attachment.size)), 0)).where(col(Attachment.opinion_id).is_(None)).scalar_subquery()
    return int(await tx.scalar(select(uploads + files)) or 0)


async def of_opinion(tx: Tx, opinion_id: uuid.UUID) -> Sequence[Attachment]:
    """The attachments of a matter, in the order in which they began."""
    return (await tx.scalars(select(Attachment).where(col(Attachment.opinion_id) == opinion_id).order_by(col(Attachment.id)))).all()


async def one_of_opinion(tx: Tx, opinion_id: uuid.UUID, attachment_id: uuid.UUID) -> Attachment:
    """One attachment of a matter. Raises AttachmentUnknown."""
    found = await tx.get(Attachment, attachment_id)
    if found is None or found.opinion_id != opinion_id:
        raise AttachmentUnknown()
    return found


async def opinion_for(tx: Tx, caller: Caller, opinion_id: uuid.UUID) -> Opinion:
    """A matter that the caller handles: in the own scope as the list has it, or assigned to the own organisation last.

    Raises OpinionNotFound.
    """
    allowed = scope_of(caller)
    if caller.may("case.read.own") and caller.organisation is not None:
        entry = TimelineEntry
        newest = select(func.max(col(entry.case_version))).where(col(entry.opinion_id) == opinion_id, col(entry.kind) == "assigned")
        allowed |= exists().where(
            col(entry.opinion_id) == opinion_id,
            col(entry.kind) == "assigned",
            col(entry.department) == caller.organisation,
            col(entry.case_version) == newest.scalar_subquery(),
        )
    found = await tx.scalar(select(Opinion).where(col(Opinion.id) == opinion_id, allowed))
    if found is None:
        raise OpinionNotFound()
    return found
