"""Pure decisions on attachments: whether a file may begin, go on and end."""

from __future__ import annotations

import hashlib
import secrets

from services.intake.attachments.errors import (
    FileEmpty,
    FileTooLarge,
    FileTooLargeForItsKind,
    KindNotAccepted,
    LargerThanDeclared,
    OffsetNotCurrent,
    PieceTooLarge,
    TooManyAttachments,
)
from services.intake.attachments.kinds import BEGINNING, MEDIA, media_type_of
from services.intake.attachments.settings import AttachmentPolicy

PIECE = 512 * 1024
"""Bytes of a piece at most: the gateway takes bodies of twice that."""
_TOKEN_BYTES = 24


def new_token() -> str:
    """A token of 192 random bits: who has it may go on with the upload and give the file to one matter."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_of(token: str) -> bytes:
    """What is kept of a token. One hash suffices: 192 random bits cannot be tried out."""
    return hashlib.sha256(token.encode()).digest()


def check_beginning(policy: AttachmentPolicy, size: int) -> None:
    """Passes for a size that some kind may have. Raises FileEmpty, FileTooLarge."""
    if size == 0:
        raise FileEmpty(where="size")
    if size > policy.largest_of_all:
        raise FileTooLarge(where="size", limit=policy.largest_of_all)


def check_piece(policy: AttachmentPolicy, *, size: int, received: int, offset: int, piece: bytes) -> None:
    """Passes when the piece follows what was received. Raises the fact that forbids it.

    The first piece shows what the file is: a kind that is not taken, or too large for its kind, ends there.
    """
    if offset != received:
        raise OffsetNotCurrent(where="Upload-Offset", offset=received)
    if len(piece) > PIECE:
        raise PieceTooLarge(where="body", limit=PIECE)
    if received + len(piece) > size:
        raise LargerThanDeclared(where="body")
    if received == 0 and (len(piece) >= BEGINNING or len(piece) == size):
        check_kind(policy, piece, size)


def check_kind(policy: AttachmentPolicy, content: bytes, size: int) -> str:
    """The media type by content. Raises KindNotAccepted, FileTooLargeForItsKind."""
    media_type = media_type_of(content[:BEGINNING])
    if media_type is None or MEDIA[media_type] not in policy.largest:
        raise KindNotAccepted(where="body")
    limit = policy.largest[MEDIA[media_type]]
    if size > limit:
        raise FileTooLargeForItsKind(where="body", limit=limit)
    return media_type


def check_number(policy: AttachmentPolicy, held: int, more: int) -> None:
    """Passes when a matter may have that many. Raises TooManyAttachments."""
    if held + more > policy.per_matter:
        raise TooManyAttachments(where="attachments", most=policy.per_matter)
