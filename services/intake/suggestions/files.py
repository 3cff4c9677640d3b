"""Files that may be attached (附件): known by their content, never by their name, and rid of what a camera wrote into them."""

from __future__ import annotations

import io
import zipfile

from services.intake.attachments import cleaning
from services.intake.attachments.errors import FileNotReadable, PictureTooLarge
from services.intake.attachments.kinds import BEGINNING, media_type_of
from services.intake.suggestions.errors import AttachmentNotAccepted

_PICTURES = ("image/jpeg", "image/png")
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MOST_UNPACKED = 64 * 1024 * 1024


async def accept(data: bytes, pixels: int) -> tuple[str, bytes]:
    """Media type and cleaned bytes of a PDF, JPEG, PNG or DOCX. Raises AttachmentNotAccepted for anything else, TooManyAtOnce.

    Place and device of a photograph are cut out (ASVS 14.2.8); a DOCX that unpacks to more than 64 MiB or holds macros is refused.
    """
    media_type = media_type_of(data[:BEGINNING])
    if media_type in _PICTURES:
        try:
            return media_type, await cleaning.clean(data, media_type, pixels)
        except (FileNotReadable, PictureTooLarge) as refusal:
            raise AttachmentNotAccepted(where="body") from refusal
    if media_type == "application/pdf":
        return media_type, data
    if data.startswith(b"PK\x03\x04") and _is_docx(data):
        return _DOCX, data
    raise AttachmentNotAccepted(where="body")


def _is_docx(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        return False
    names = {entry.filename for entry in entries}
    small = sum(entry.file_size for entry in entries) <= _MOST_UNPACKED
    return small and "word/document.xml" in names and "word/vbaProject.bin" not in names
