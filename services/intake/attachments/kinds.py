"""Kinds of files that are taken (附件), known by how they begin, never by a name or by what the sender says."""

from __future__ import annotations

from typing import Literal

Kind = Literal["picture", "document", "audio"]

MEDIA: dict[str, Kind] = {
    "image/jpeg": "picture",
    "image/png": "picture",
    "image/webp": "picture",
    "application/pdf": "document",
    "audio/mpeg": "audio",
    "audio/mp4": "audio",
    "audio/ogg": "audio",
    "audio/webm": "audio",
    "audio/amr": "audio",
}
"""Every media type that is taken. HEIC is not: browsers turn it into JPEG when a page asks for pictures."""

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "audio/webm": "webm",
    "audio/amr": "amr",
}
"""What a downloaded file is called: the name it was sent under is not kept, for it may name a person."""

BEGINNING = 64
"""Bytes that suffice to tell."""

_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"mp42", b"mp41", b"isom", b"iso2", b"iso5", b"iso6", b"dash", b"3gp4", b"3gp5", b"3gp6")


def media_type_of(head: bytes) -> str | None:
    """The media type of a file that begins so, or None for what is not taken."""
    plain = (
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"%PDF-", "application/pdf"),
        (b"ID3", "audio/mpeg"),
        (b"OggS\x00\x02", "audio/ogg"),
        (b"\x1aE\xdf\xa3", "audio/webm"),
        (b"#!AMR\n", "audio/amr"),
        (b"#!AMR-WB\n", "audio/amr"),
    )
    for signature, media_type in plain:
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _AUDIO_BRANDS:
        return "audio/mp4"
    # Eleven set bits, layer III: a frame of MPEG audio without a tag before it.
    if len(head) >= 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:
        return "audio/mpeg"
    return None
