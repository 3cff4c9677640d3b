"""Files that may be attached (附件): known by their content, never by their name, and rid of what camera and author left in them."""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
import zlib

from services.intake.attachments import cleaning
from services.intake.attachments.errors import FileNotReadable, PictureTooLarge
from services.intake.attachments.kinds import BEGINNING, media_type_of
from services.intake.suggestions.errors import AttachmentNotAccepted

_CLEANED = ("image/jpeg", "image/png", "application/pdf")
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_MOST_UNPACKED = 64 * 1024 * 1024
_PROPERTIES = ("docProps/", "customXml/", "word/people.xml")
"""Parts that tell of author, editor, company and times, and a picture of the first page."""
_WHO = re.compile(rb"""\s(?:w|w15|w16cid|w16cex):(?:author|initials|userId|providerId)=(?:"[^"]*"|'[^']*')""")
_POINTS_TO = re.compile(
    rb"""<(?:Relationship|Override)\s[^>]*?(?:Target|PartName)=["'][^"']*(?:docProps/|customXml/|people\.xml)[^>]*?/>"""
)


async def accept(data: bytes, pixels: int) -> tuple[str, bytes]:
    """Media type and cleaned bytes of a PDF, JPEG, PNG or DOCX. Raises AttachmentNotAccepted for anything else, TooManyAtOnce.

    Place and device of a photograph are cut out, and properties, scripts and enclosed files of a PDF (ASVS 14.2.8). A DOCX loses
    its properties and the names beside its changes and comments; one that unpacks to more than 64 MiB or holds macros is refused.
    """
    media_type = media_type_of(data[:BEGINNING])
    if media_type in _CLEANED:
        try:
            return media_type, await cleaning.clean(data, media_type, pixels)
        except (FileNotReadable, PictureTooLarge) as refusal:
            raise AttachmentNotAccepted(where="body") from refusal
    if data.startswith(b"PK\x03\x04") and _is_docx(data):
        try:
            return _DOCX, await asyncio.to_thread(_without_authors, data)
        except (zipfile.BadZipFile, zlib.error, RuntimeError) as broken:
            raise AttachmentNotAccepted(where="body") from broken
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


def _without_authors(data: bytes) -> bytes:
    """The document without its properties, and without who changed or commented what; names and times of the parts go too."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for entry in before.infolist():
            if entry.filename.startswith(_PROPERTIES):
                continue
            content = before.read(entry)
            if entry.filename.endswith((".rels", "[Content_Types].xml")):
                content = _POINTS_TO.sub(b"", content)
            elif entry.filename.endswith(".xml"):
                content = _WHO.sub(b"", content)
            after.writestr(zipfile.ZipInfo(entry.filename), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
