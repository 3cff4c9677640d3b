"""The verbs on attachments: a file begins, goes on, arrives, goes with a matter, or goes away with nothing left of it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.intake.attachments import cleaning, queries, rules
from services.intake.attachments.errors import AttachmentNotReady, ContentNotAsDeclared, TooMuchWaiting, UploadIncomplete, UploadNotFound
from services.intake.attachments.models import Attachment, ErasedContent, Upload, UploadPiece
from services.intake.attachments.settings import AttachmentPolicy
from services.intake.attachments.store import ObjectStore, digest_of
from services.intake.privacy.models import Erasure
from shared.clock import now
from shared.db import Tx
from shared.errors import Refused
from shared.events import new_id
from shared.events.intake_opinions import AttachmentsGiven
from shared.outbox import emit

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('attachment/' || :digest, 0))")
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('attachment/' || :digest, 0))")
_TAKEN_AWAY_AT_ONCE = 50


def policy_of(tx: Tx) -> AttachmentPolicy:
    """The place's rules on attachments."""
    policy: AttachmentPolicy = tx.policy.attachments
    return policy


async def begin(tx: Tx, size: int, sha256: bytes) -> tuple[Upload, str]:
    """Begins an upload; its token is nowhere else. Raises FileEmpty, FileTooLarge, TooMuchWaiting."""
    policy, token = policy_of(tx), rules.new_token()
    rules.check_beginning(policy, size)
    await _check_room(tx, size)
    upload = Upload(id=new_id(), token_hash=rules.hash_of(token), size=size, sha256=sha256, begun_at=now())
    tx.add(upload)
    return upload, token


async def append(tx: Tx, upload_id: uuid.UUID, token: str, offset: int, piece: bytes) -> Upload:
    """Adds the next piece. Raises UploadNotFound, TooMuchWaiting and what `rules.check_piece` raises; a file that cannot be taken
    ends here."""
    upload = await queries.upload(tx, upload_id, token, lock=True)
    try:
        rules.check_piece(policy_of(tx), size=upload.size, received=upload.received, offset=offset, piece=piece)
    except Refused as refusal:
        await _end(tx, upload, refusal)
        raise
    await _check_room(tx, len(piece))
    tx.add(UploadPiece(upload_id=upload.id, begins=offset, data=piece))
    upload.received += len(piece)
    return upload


async def _check_room(tx: Tx, more: int) -> None:
    # What has come counts, not what was declared: else a few words would keep everybody out for a day.
    if await queries.waiting_bytes(tx) + more > policy_of(tx).waiting:
        raise TooMuchWaiting()


async def complete(tx: Tx, store: ObjectStore, upload_id: uuid.UUID, token: str) -> Attachment:
    """Checks, cleans and stores a file that has come whole; asked again, the same file.

    Raises UploadNotFound, UploadIncomplete, ContentNotAsDeclared, KindNotAccepted, FileTooLargeForItsKind, what the cleaner
    raises, FilesAway. What cannot be taken is gone.
    """
    try:
        upload = await queries.upload(tx, upload_id, token, lock=True)
    except UploadNotFound:
        if (there := await queries.arrived(tx, upload_id, token)) is None:
            raise
        return there
    if upload.received < upload.size:
        raise UploadIncomplete(offset=upload.received)
    try:
        data = await queries.content_of(tx, upload.id)
        if hashlib.sha256(data).digest() != upload.sha256:
            raise ContentNotAsDeclared(where="body")
        media_type = rules.check_kind(policy_of(tx), data, upload.size)
        cleaned = await cleaning.clean(data, media_type, policy_of(tx).pixels)
    except Refused as refusal:
        await _end(tx, upload, refusal)
        raise
    digest = digest_of(cleaned)
    await tx.execute(_LOCK, {"digest": digest})
    await store.put(digest, cleaned)
    attachment = Attachment(
        id=upload.id, token_hash=upload.token_hash, media_type=media_type, size=len(cleaned), digest=digest, arrived_at=now()
    )
    tx.add(attachment)
    await tx.execute(delete(Upload).where(col(Upload.id) == upload.id))
    return attachment


async def _end(tx: Tx, upload: Upload, refusal: Refused) -> None:
    """Takes an upload away that was refused for good; its pieces go with it."""
    if refusal.keeps:
        await tx.execute(delete(Upload).where(col(Upload.id) == upload.id))


async def give_up(tx: Tx, upload_id: uuid.UUID, token: str) -> None:
    """Takes back a file that no matter has taken. Raises UploadNotFound."""
    if (there := await queries.arrived(tx, upload_id, token)) is not None:
        await tx.delete(there)
        return
    await tx.delete(await queries.upload(tx, upload_id, token, lock=True))


async def bind(tx: Tx, opinion_id: uuid.UUID, number: str, tokens: Sequence[str]) -> None:
    """Gives files that have arrived to a matter, all or none. Raises AttachmentNotReady, TooManyAttachments."""
    hashes = {rules.hash_of(token) for token in tokens}
    taken = await tx.execute(
        update(Attachment)
        .where(col(Attachment.token_hash).in_(sorted(hashes)), col(Attachment.opinion_id).is_(None))
        .values(opinion_id=opinion_id, given_at=now())
        .returning(col(Attachment.id))
    )
    given = len(taken.all())
    if given != len(hashes):
        raise AttachmentNotReady(where="attachments")
    rules.check_number(policy_of(tx), 0, given)
    emit(tx, AttachmentsGiven(opinion_id=opinion_id, number=number, count=given))


async def take_away_old(tx: Tx) -> int:
    """Takes away uploads and files that waited too long for a matter. Returns how many."""
    before = now() - timedelta(hours=policy_of(tx).waits_hours)
    uploads = select(col(Upload.id)).where(col(Upload.begun_at) < before).limit(_TAKEN_AWAY_AT_ONCE).with_for_update(skip_locked=True)
    files = (
        select(col(Attachment.id))
        .where(col(Attachment.opinion_id).is_(None), col(Attachment.arrived_at) < before)
        .limit(_TAKEN_AWAY_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    gone = [*await tx.scalars(delete(Upload).where(col(Upload.id).in_(uploads)).returning(col(Upload.id)))]
    gone += await tx.scalars(delete(Attachment).where(col(Attachment.id).in_(files)).returning(col(Attachment.id)))
    return len(gone)


async def take_away_unused(tx: Tx, store: ObjectStore) -> int:
    """Takes contents out of the store that no row refers to, unless one is on its way in. Returns how many."""
    kept = await store.digests()
    used = set(await tx.scalars(select(col(Attachment.digest)).where(col(Attachment.digest).in_(sorted(kept)))))
    removed = 0
    for digest in sorted(kept - used)[:_TAKEN_AWAY_AT_ONCE]:
        # Whoever puts a content holds its lock until its row is there: with the lock, what has no row is not wanted.
        if await tx.scalar(_TRY_LOCK, {"digest": digest}) and not await _is_used(tx, digest):
            await store.remove(digest)
            removed += 1
    return removed


async def erase_of(tx: Tx, opinion_ids: Sequence[uuid.UUID], *, again: bool = False) -> set[uuid.UUID]:
    """Takes the files of erased matters away: rows at once, contents by marks that the sweep follows. Returns the matters that had any.

    `again`: only those that had been given when the matter was erased, which a restored backup brought back.
    """
    taken = delete(Attachment).where(col(Attachment.opinion_id).in_(opinion_ids))
    if again:
        erased_at = select(col(Erasure.erased_at)).where(col(Erasure.matter_id) == col(Attachment.opinion_id)).scalar_subquery()
        taken = taken.where(func.coalesce(col(Attachment.given_at), col(Attachment.arrived_at)) <= erased_at)
    gone = (await tx.execute(taken.returning(col(Attachment.opinion_id), col(Attachment.digest)))).all()
    if gone:
        marks = [{"digest": digest, "since": now()} for digest in sorted({digest for _, digest in gone})]
        await tx.execute(insert(ErasedContent).on_conflict_do_nothing(), marks)
    return {opinion_id for opinion_id, _ in gone if opinion_id is not None}


async def remove_erased(tx: Tx, store: ObjectStore) -> int:
    """Removes marked contents that no other matter refers to; the mark goes with the commit after. Returns how many marks went.

    Raises FilesAway.
    """
    oldest = select(col(ErasedContent.digest)).order_by(col(ErasedContent.since)).limit(_TAKEN_AWAY_AT_ONCE)
    done = []
    for digest in sorted(await tx.scalars(oldest.with_for_update(skip_locked=True))):
        if await tx.scalar(_TRY_LOCK, {"digest": digest}):
            if not await _is_used(tx, digest):
                await store.remove(digest)
            done.append(digest)
    await tx.execute(delete(ErasedContent).where(col(ErasedContent.digest).in_(done)))
    return len(done)


async def _is_used(tx: Tx, digest: str) -> bool:
    return bool(await tx.scalar(select(func.count()).where(col(Attachment.digest) == digest)))
