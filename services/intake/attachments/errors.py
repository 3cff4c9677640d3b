"""What may be refused about attachments. A refusal that `keeps` has taken the unfinished file away: nothing of it stays."""

from __future__ import annotations

from typing import ClassVar

from shared.errors import NotFound, Refused


class FileEmpty(Refused):
    """A file of 0 bytes."""

    status = 422


class FileTooLarge(Refused):
    """The file is, or says it is, larger than `limit` bytes."""

    status = 413
    shown = ("limit",)


class KindNotAccepted(Refused):
    """The content is none of the kinds taken, whatever its name says."""

    status = 415
    keeps = True


class FileTooLargeForItsKind(FileTooLarge):
    """The content is of a kind that may have `limit` bytes at most."""

    keeps = True


class LargerThanDeclared(Refused):
    """More bytes came than were declared."""

    status = 413
    keeps = True


class OffsetNotCurrent(Refused):
    """The piece does not begin where the last one ended: go on from `offset`."""

    shown = ("offset",)


class PieceTooLarge(Refused):
    """A piece has `limit` bytes at most."""

    status = 413
    shown = ("limit",)


class UploadIncomplete(Refused):
    """Bytes are missing: go on from `offset`."""

    shown = ("offset",)


class ContentNotAsDeclared(Refused):
    """What came is not what was declared: its SHA-256 differs."""

    status = 422
    keeps = True


class FileNotReadable(Refused):
    """The file is damaged, cut off, encrypted or built to harm."""

    status = 422
    keeps = True


class PictureTooLarge(Refused):
    """The picture has more than `limit` dots."""

    status = 422
    shown = ("limit",)
    keeps = True


class UploadNotFound(NotFound):
    """No upload with this id and token; it may have been given up, or taken by a matter."""


class AttachmentUnknown(NotFound):
    """The matter has no attachment with this id, or it is not for this caller."""


class AttachmentNotReady(Refused):
    """A token names no finished file that is still free."""

    status = 422


class TooManyAttachments(Refused):
    """A matter has `most` attachments."""

    status = 422
    shown = ("most",)


class TooMuchWaiting(Refused):
    """The files that no matter has taken yet hold all the room there is for them."""

    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "600"}


class TooManyAtOnce(Refused):
    """Other files are being looked at."""

    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


class FilesAway(Refused):
    """The store of files does not answer."""

    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


class FilesFull(FilesAway):
    """The store of files has no room left."""
