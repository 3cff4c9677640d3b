"""Pure decisions on texts that are alike: the numbers they meet under, how alike two are, and what a decision makes of groups."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from typing import Literal

from services.intake.shingles import number_of, runs_of, strings_of
from shared.masking import mask

State = Literal["open", "confirmed", "rejected"]
Reason = Literal["same_text", "alike"]

_SIZE = 3
_ROWS, _BANDS = 3, 12
_BINS = _ROWS * _BANDS
_MAX32 = 0xFFFFFFFF


def shingles(text: str) -> frozenset[int]:
    """The shingles of a text whose telephone and identity numbers are masked."""
    return frozenset(number_of(s) for run in runs_of(mask(text)) for s in strings_of(run, _SIZE))


def whole(text: str) -> int | None:
    """One number for the whole text but for signs, spaces and case; None for a text of signs only."""
    runs = runs_of(mask(text))
    return _number64("".join(runs).encode()) if runs else None


def similarity(one: frozenset[int], other: frozenset[int]) -> float:
    """The Jaccard share of common shingles, 0 to 1."""
    return len(one & other) / len(one | other) if one or other else 0.0


def bands(text: str) -> list[int]:
    """The numbers under which texts that are alike meet: the whole text, and twelve bands of three minima each.

    Two texts with a Jaccard share of 0.6 meet with a probability of 0.95, of 0.8 with 0.9998, of 0.1 with 0.012.
    Minima of one permutation in bins, empty bins filled from the next (Shrivastava 2017): one hash a shingle instead of 36.
    """
    all_of_it = whole(text)
    if all_of_it is None:
        return []
    minima = _minima(shingles(text))
    found = [_number64(struct.pack("<4I", b, *minima[b * _ROWS : (b + 1) * _ROWS])) for b in range(_BANDS)]
    return sorted({all_of_it, *found})


def _minima(codes: Iterable[int]) -> list[int]:
    bins: list[int | None] = [None] * _BINS
    for code in codes:
        value, place = divmod(_mixed(code & _MAX32), _BINS)
        kept = bins[place]
        if kept is None or value < kept:
            bins[place] = value
    return [_filled(bins, place) for place in range(_BINS)]


def _filled(bins: Sequence[int | None], place: int) -> int:
    for step in range(_BINS):
        value = bins[(place + step) % _BINS]
        if value is not None:
            return (value + step * 0x9E3779B1) & _MAX32
    raise ValueError("no shingle")


def _mixed(code: int) -> int:
    # The last steps of MurmurHash3: a checksum's neighbours differ in a few bits only.
    code = (code ^ code >> 16) * 0x85EBCA6B & _MAX32
    code = (code ^ code >> 13) * 0xC2B2AE35 & _MAX32
    return code ^ code >> 16


def _number64(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)
