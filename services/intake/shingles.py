"""Texts as short overlapping strings (shingles), each a number: what near-duplicates and topics are found by."""

from __future__ import annotations

import re
import unicodedata
import zlib

_RUN = re.compile(r"[0-9a-z\u3400-\u9fff]+")


def runs_of(text: str, limit: int | None = None) -> list[str]:
    """The runs of letters, digits and characters of a text, compatibility-normalised, without case; of its first `limit` characters."""
    return _RUN.findall(unicodedata.normalize("NFKC", text).casefold()[:limit])


def number_of(shingle: str) -> int:
    """A signed number of 32 bits, the same on every machine."""
    code = zlib.crc32(shingle.encode())
    return code - (1 << 32) if code >= 1 << 31 else code


def strings_of(run: str, size: int) -> list[str]:
    """The overlapping strings of `size` characters of a run; a shorter run is one by itself."""
    return [run[i : i + size] for i in range(len(run) - size + 1)] or [run]
