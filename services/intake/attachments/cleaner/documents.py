"""PDF: written anew from its objects, without properties, XMP, scripts, enclosed files, and older states of the document."""

from __future__ import annotations

import io
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, StreamObject

from services.intake.attachments.cleaner.refusals import NotReadable

_NOTES = ("/Metadata", "/PieceInfo", "/LastModified")
_ACTIVE = ("/OpenAction", "/AA", "/JavaScript", "/EmbeddedFiles", "/AF", "/Collection", "/XFA")
_ACTIONS = ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition", "/RichMediaExecute")
_ENCLOSING = ("/FileAttachment", "/Movie", "/Sound", "/Screen", "/RichMedia", "/3D")
_AUTHOR = ("/T", "/M", "/CreationDate")
_DEEPEST = 100


def clean(data: bytes) -> bytes:
    """The document without what its pages do not show. Raises NotReadable, for an encrypted one too."""
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise NotReadable
        if not reader.pages:
            raise NotReadable
        writer = PdfWriter(clone_from=reader)
        writer.metadata = None
        for thing in writer._objects:  # noqa: SLF001 (there is no other way to reach every object)
            _scrub(thing, 0)
        writer.compress_identical_objects(remove_duplicates=False, remove_unreferenced=True)
        out = io.BytesIO()
        writer.write(out)
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise NotReadable from error
    return out.getvalue()


def _scrub(thing: Any, depth: int) -> None:
    """Takes out of an object and what stands in it (what it points to has its own turn)."""
    if depth > _DEEPEST:
        raise NotReadable
    if isinstance(thing, DictionaryObject):
        _scrub_dictionary(thing)
        for value in thing.values():
            _scrub(value, depth + 1)
    elif isinstance(thing, ArrayObject):
        for value in thing:
            _scrub(value, depth + 1)


def _scrub_dictionary(thing: DictionaryObject) -> None:
    for name in (*_NOTES, *_ACTIVE):
        if name in thing:
            del thing[name]
    if thing.get("/S") in _ACTIONS:
        thing.clear()
    if thing.get("/Subtype") in _ENCLOSING:
        thing.clear()
    elif thing.get("/Type") == "/Annot" and thing.get("/Subtype") != "/Widget":
        for name in _AUTHOR:
            thing.pop(name, None)
    if isinstance(thing, StreamObject):
        _scrub_stream(thing)


def _scrub_stream(thing: StreamObject) -> None:
    if thing.get("/Type") in ("/Metadata", "/EmbeddedFile"):
        thing.clear()
        thing._data = b""  # noqa: SLF001 (set_data would pack it again)
    elif thing.get("/Filter") in ("/DCTDecode", ["/DCTDecode"]):
        thing._data = _without_notes(thing._data)  # noqa: SLF001 (the packed form is the JPEG itself)


def _without_notes(jpeg: bytes) -> bytes:
    """A JPEG inside a page without Exif, XMP and comments. A damaged one stays out: nobody can say what it holds."""
    kept, at = bytearray(jpeg[:2]), 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if marker == 0xDA:  # the picture itself follows
            end = jpeg.rfind(b"\xff\xd9")
            return bytes(kept + jpeg[at : end + 2 if end > at else len(jpeg)])
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        # APP0 and APP14 say how to read the colours.
        if not (0xE1 <= marker <= 0xED or marker == 0xFE):
            kept += jpeg[at:end]
        at = end
    raise NotReadable
