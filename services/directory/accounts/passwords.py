"""Passwords: argon2id in a thread, so that the loop goes on; and one-time passwords."""

from __future__ import annotations

import asyncio
import secrets
from functools import lru_cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from services.directory.settings import Settings

# without the letters and digits that are mistaken for one another when read from paper
_LOWER, _UPPER, _DIGITS = "abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789"


@lru_cache(maxsize=4)
def _hasher(memory_kib: int, rounds: int, lanes: int) -> tuple[PasswordHasher, str]:
    hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=lanes, type=Type.ID)
    return hasher, hasher.hash(secrets.token_urlsafe(32))


def _of(settings: Settings) -> tuple[PasswordHasher, str]:
    return _hasher(settings.argon_memory_kib, settings.argon_rounds, settings.argon_lanes)


async def hashed(password: str, settings: Settings) -> str:
    """The argon2id hash of a password, its parameters and salt included."""
    return await asyncio.to_thread(lambda: _of(settings)[0].hash(password))


async def matches(password_hash: str | None, password: str, settings: Settings) -> bool:
    """Whether the password is right. Without a hash the answer is False after the same work: no account shows by time."""

    def compare() -> bool:
        hasher, decoy = _of(settings)
        try:
            hasher.verify(password_hash or decoy, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    return await asyncio.to_thread(compare)


def is_outdated(password_hash: str, settings: Settings) -> bool:
    """Whether the hash was made with other parameters than those in force."""
    return _of(settings)[0].check_needs_rehash(password_hash)


def one_time() -> str:
    """A random password of four groups (about 90 bits) that satisfies every rule on passwords."""
    alphabet = _LOWER + _UPPER + _DIGITS
    letters = [secrets.choice(kind) for kind in (_LOWER, _UPPER, _DIGITS)] + [secrets.choice(alphabet) for _ in range(13)]
    secrets.SystemRandom().shuffle(letters)
    return "-".join("".join(letters[start : start + 4]) for start in range(0, 16, 4))
