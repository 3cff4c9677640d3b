"""Pure decisions on texts that are alike: the numbers they meet under, how alike two are, and what a decision makes of groups."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from services.intake.shingles import number_of, runs_of, strings_of
from shared.masking import mask

State = Literal["open", "confirmed", "rejected"]
Reason = Literal["same_text", "alike"]

_SIZE, _READ = 3, 3_000
_ROWS, _BANDS = 3, 12
_BINS = _ROWS * _BANDS
_MAX32 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Print:
    """A text as it is compared, telephone and identity numbers masked: all of it, its shingles, the numbers under which like texts meet.

    `whole` is one number for the text but for signs, spaces and case; None for a text of signs only, which is like nothing.
    """

    whole: int | None
    shingles: frozenset[int]
    bands: list[int]


def print_of(text: str) -> Print:
    """A text's print: all of it, and shingles of its first 3,000 characters.

    Two texts with a Jaccard share of 0.6 meet with a probability of 0.95, of 0.8 with 0.9998, of 0.1 with 0.012.
    Minima of one permutation in bins, empty bins filled from the next (Shrivastava 2017): one hash a shingle instead of 36.
    """
    masked = mask(text)
    runs = runs_of(masked)
    if not runs:
        return Print(None, frozenset(), [])
    whole = _number64("".join(runs).encode())
    said = runs if len(masked) <= _READ else runs_of(masked, _READ)
    shingles = frozenset(number_of(s) for run in said for s in strings_of(run, _SIZE))
    minima = _minima(shingles) if shingles else []
    bands = [_number64(struct.pack("<4I", b, *minima[b * _ROWS : (b + 1) * _ROWS])) for b in range(_BANDS)] if minima else []
    return Print(whole, shingles, sorted({whole, *bands}))


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
