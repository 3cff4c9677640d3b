"""Files that may be attached (附件): known by their content, never by their name, and rid of what camera and author left in them."""

from __future__ import annotations

import io
import zipfile

from services.intake.attachments import cleaning
from services.intake.attachments.errors import FileNotReadable, KindNotAccepted, PictureTooLarge
from services.intake.attachments.kinds import BEGINNING, media_type_of
from services.intake.suggestions.errors import AttachmentNotAccepted

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_CLEANED = ("image/jpeg", "image/png", "application/pdf", _DOCX)
_MOST_UNPACKED = 64 * 1024 * 1024


async def accept(data: bytes, pixels: int) -> tuple[str, bytes]:
    """Media type and cleaned bytes of a PDF, JPEG, PNG or DOCX. Raises AttachmentNotAccepted for anything else, TooManyAtOnce.

    Place and device of a photograph are cut out, and properties, scripts and enclosed files of a PDF (ASVS 14.2.8). A DOCX loses
    its properties, the names beside its changes and comments, and its photographs' notes; one that unpacks to more than 64 MiB
    or holds macros is refused.
    """
    media_type = media_type_of(data[:BEGINNING])
    if data.startswith(b"PK\x03\x04") and _is_docx(data):
        media_type = _DOCX
    if media_type not in _CLEANED:
        raise AttachmentNotAccepted(where="body")
    try:
        return media_type, await cleaning.clean(data, media_type, pixels)
    except (FileNotReadable, PictureTooLarge, KindNotAccepted) as refusal:
        raise AttachmentNotAccepted(where="body") from refusal


def _is_docx(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        return False
    names = {entry.filename for entry in entries}
    small = sum(entry.file_size for entry in entries) <= _MOST_UNPACKED
    return small and "word/document.xml" in names and "word/vbaProject.bin" not in names
