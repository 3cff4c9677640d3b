"""Word documents (DOCX): written anew without properties, without who changed or commented what, and with cleaned photographs."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from services.intake.attachments.cleaner import pictures
from services.intake.attachments.cleaner.refusals import NotReadable

_PROPERTIES = ("docProps/", "customXml/", "word/people.xml")
"""Parts that tell of author, editor, company and times, and a picture of the first page."""
_WHO = re.compile(rb"""\s(?:w|w15|w16cid|w16cex):(?:author|initials|userId|providerId)=(?:"[^"]*"|'[^']*')""")
_POINTS_TO = re.compile(
    rb"""<(?:Relationship|Override)\s[^>]*?(?:Target|PartName)=["'][^"']*(?:docProps/|customXml/|people\.xml)[^>]*?/>"""
)
_PICTURES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}


def clean(data: bytes, pixels: int) -> bytes:
    """The document with its words and pictures; names and times of its parts go too. Raises TooManyDots, NotReadable."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
            for entry in before.infolist():
                if not entry.filename.startswith(_PROPERTIES):
                    content = _cleaned(entry.filename, before.read(entry), pixels)
                    after.writestr(zipfile.ZipInfo(entry.filename), content, zipfile.ZIP_DEFLATED)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
        raise NotReadable from error
    return out.getvalue()


def _cleaned(name: str, content: bytes, pixels: int) -> bytes:
    if name.endswith((".rels", "[Content_Types].xml")):
        return _POINTS_TO.sub(b"", content)
    if name.endswith(".xml"):
        return _WHO.sub(b"", content)
    kind = _PICTURES.get(name[name.rfind(".") :].lower())
    return pictures.clean(content, kind, pixels) if kind else content
