"""Character n-grams of a text as numbers. Imports numpy: for whoever trains, loads or asks a model, and for nobody else."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

ORDERS = (1, 2, 3)
LONGEST = 5_000
"""Characters of a text that count: what comes later changes no category, and a request must not take for ever."""

_SPACE = re.compile(r"\s+")
_DIGITS = re.compile(r"[0-9]+")
_SPREAD, _STEP = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_HALF, _KEPT, _ORDER = np.uint64(32), np.uint64(34), np.uint32(30)

Keys = NDArray[np.uint32]


def normalise(text: str) -> str:
    """The text as it is counted: one width, small letters, no white space, and every number the same (none says what it is about)."""
    return _DIGITS.sub("0", _SPACE.sub("", unicodedata.normalize("NFKC", text[:LONGEST]).lower()))[:LONGEST]


def keys_by_order(normal: str) -> tuple[Keys, ...]:
    """For each order the key of the n-gram that begins at each character of a normalised text.

    A key is 30 bits of the n-gram's hash under its order: of 350,000 n-grams some fifty pairs share one.
    """
    # A character alone may be half of a pair that nobody finished: it is counted like any other.
    characters = np.frombuffer(normal.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64) * _SPREAD
    found, rolling = [], characters
    for shorter, order in pairwise((0, *ORDERS)):
        if shorter:
            rolling = (rolling[:-1] ^ (rolling[:-1] >> _HALF)) * _STEP + characters[shorter:]
        mixed = (rolling ^ (rolling >> _HALF)) * _STEP
        found.append((mixed >> _KEPT).astype(np.uint32) | (np.uint32(order) << _ORDER))
    return tuple(found)


def counted(normal: str) -> tuple[Keys, NDArray[np.float32]]:
    """The keys of a normalised text in ascending order, and 1 + the logarithm of how often each is there."""
    keys, counts = np.unique(np.concatenate(keys_by_order(normal)), return_counts=True)
    return keys, (1 + np.log(counts)).astype(np.float32)


def order_of(keys: Keys) -> Keys:
    """How many characters the n-grams behind the keys have."""
    return keys >> _ORDER
