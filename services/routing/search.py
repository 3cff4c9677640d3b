"""Chinese full-text search by character bigrams: PostgreSQL's core knows no Chinese words (architecture, section 4)."""

from __future__ import annotations

import re
from functools import lru_cache
from operator import add
from zlib import crc32

_RUN = re.compile(r"[^\W_]+")


def runs(text: str) -> list[str]:
    """The unbroken runs of letters, digits and characters of a text, in lower case."""
    return _RUN.findall(text.lower())


def grams(text: str) -> list[int]:
    """The distinct bigrams of a text as 32-bit numbers, sorted.

    Numbers take half the time and room of texts in the index; the few that collide are sorted out by reading the text.
    """
    pairs: set[str] = set()
    for run in runs(text):
        pairs.update(map(add, run, run[1:]))
    return sorted(set(map(_number, pairs)))


@lru_cache(maxsize=65536)
def _number(pair: str) -> int:
    return crc32(pair.encode()) - 2**31
