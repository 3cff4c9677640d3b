"""Pure decisions on signing keys: which signs, which are published, which are over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Use = Literal["token", "code"]
USES: tuple[Use, ...] = ("token", "code")


@dataclass(frozen=True, slots=True)
class KeyState:
    """What the decisions need to know of a key. `can_sign`: its private part is still there."""

    kid: str
    use: Use
    signs_from: datetime
    not_after: datetime | None
    can_sign: bool
    withdrawn: bool


def signer(keys: Iterable[KeyState], use: Use, at: datetime) -> str | None:
    """The key that signs at a moment: the newest whose time has come."""
    able = [key for key in keys if key.use == use and key.can_sign and not key.withdrawn and key.signs_from <= at]
    return max(able, key=lambda key: (key.signs_from, key.kid)).kid if able else None


def published(keys: Iterable[KeyState], at: datetime) -> list[str]:
    """The keys whose signatures are to be believed at a moment, in order of their names."""
    return sorted(key.kid for key in keys if not key.withdrawn and (key.not_after is None or key.not_after > at))


def missing(keys: Sequence[KeyState], at: datetime) -> list[Use]:
    """The uses for which no key can sign."""
    return [use for use in USES if signer(keys, use, at) is None]


def aged(keys: Sequence[KeyState], at: datetime, days: int) -> bool:
    """Whether the newest key for tokens has signed for so many days that another is to take its place.

    Keys for codes are not changed by age: printed codes live for years.
    """
    newest = max((key.signs_from for key in keys if key.use == "token" and not key.withdrawn), default=at)
    return newest + timedelta(days=days) <= at


def spent(keys: Sequence[KeyState], at: datetime) -> list[str]:
    """Keys whose private part is of no more use: a newer one signs."""
    signing = {signer(keys, use, at) for use in USES}
    return [key.kid for key in keys if key.can_sign and key.signs_from <= at and key.kid not in signing]


def expired(keys: Iterable[KeyState], at: datetime) -> list[str]:
    """Keys that were published and whose last signature has expired."""
    return [key.kid for key in keys if not key.withdrawn and key.not_after is not None and key.not_after <= at]


def last_use(signs_from: datetime, use: Use, token_minutes: int, lead_seconds: int) -> datetime | None:
    """Until when the keys before a new one are believed: longer than a token lives, and without end for printed codes."""
    return None if use == "code" else signs_from + timedelta(minutes=token_minutes, seconds=2 * lead_seconds)
