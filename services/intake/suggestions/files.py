"""Files that may be attached (附件): known by their content, never by their name, and rid of what a camera wrote into them."""

from __future__ import annotations

import io
import zipfile

from services.intake.suggestions.errors import AttachmentNotAccepted

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MOST_UNPACKED = 64 * 1024 * 1024
_PNG_KEPT = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"pHYs", b"bKGD", b"sBIT")


def accept(data: bytes) -> tuple[str, bytes]:
    """Media type and cleaned bytes of a PDF, JPEG, PNG or DOCX. Raises AttachmentNotAccepted for anything else.

    Place and device of a photograph are cut out (ASVS 14.2.8); a DOCX that unpacks to more than 64 MiB or holds macros is refused.
    """
    if data.startswith(b"%PDF-"):
        return "application/pdf", data
    if data.startswith(_JPEG):
        return "image/jpeg", _without_jpeg_metadata(data)
    if data.startswith(_PNG):
        return "image/png", _without_png_metadata(data)
    if data.startswith(b"PK\x03\x04") and _is_docx(data):
        return _DOCX, data
    raise AttachmentNotAccepted(where="body")


def _without_jpeg_metadata(data: bytes) -> bytes:
    kept, at = bytearray(data[:2]), 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xDA:  # the picture itself follows, up to the end
            return bytes(kept + data[at:])
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        # APP1-APP13 and comments: Exif with the place, XMP, Photoshop. APP0 and APP14 say how to read the colours.
        if not (0xE1 <= marker <= 0xED or marker == 0xFE):
            kept += data[at:end]
        at = end
    raise AttachmentNotAccepted(where="body")


def _without_png_metadata(data: bytes) -> bytes:
    kept, at = bytearray(data[: len(_PNG)]), len(_PNG)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        if kind in _PNG_KEPT:
            kept += data[at:end]
        if kind == b"IEND":
            return bytes(kept)
        at = end
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
