"""Tracking numbers and lookup codes: made at random, read forgivingly, kept so that a stolen table opens nothing."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from zoneinfo import ZoneInfo

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""
_AS_MEANT = str.maketrans("OIL", "011", " -‐–—－　")
_CIVIL_TIME = ZoneInfo("Asia/Shanghai")
_NUMBER_LENGTH, _CODE_LENGTH, _GROUP, _SALT_BYTES = 8, 12, 4, 16


def _random(length: int) -> str:
    # The alphabet has 32 letters: five bits of each byte are as good as a draw from it, and a tenth of the work.
    return "".join(ALPHABET[byte & 31] for byte in secrets.token_bytes(length))


def new_number(site: str, at: datetime) -> str:
    """A tracking number `<site>-<year>-<8 characters>`, the year as the calendar on the wall shows it.

    Drawn at random, so that it says nothing about how many there are.
    """
    return f"{site}-{at.astimezone(_CIVIL_TIME).year}-{_random(_NUMBER_LENGTH)}"


def new_lookup_code() -> str:
    """A lookup code of 60 random bits in groups of four: `7K3Q-9F2M-ABCD`."""
    plain = _random(_CODE_LENGTH)
    return "-".join(plain[i : i + _GROUP] for i in range(0, _CODE_LENGTH, _GROUP))


def hash_lookup_code(code: str) -> tuple[bytes, bytes]:
    """Salt and hash to keep instead of the code. One round of HMAC suffices: 60 random bits cannot be tried out."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return salt, _digest(code, salt)


def fits(code: str, salt: bytes, kept: bytes) -> bool:
    """Whether `code`, as a person would type it (case, spaces, O for 0), is the one kept. Takes the same time either way."""
    return hmac.compare_digest(_digest(code, salt), kept)


def _digest(code: str, salt: bytes) -> bytes:
    return hmac.digest(salt, code.upper().translate(_AS_MEANT).encode(), hashlib.sha256)


def as_number(typed: str) -> str:
    """A tracking number as it is kept, from what a person typed."""
    return typed.strip().upper()
