"""Limits of the settings, counted with the `limits` library in this process's memory.

The library's own memory storage walks over all its keys a hundred times a second while requests come; this one never does, is
bounded, and makes room by dropping the oldest window. Each gateway process counts for itself.
"""

from __future__ import annotations

import json
import math
import time
import unicodedata
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson
from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from services.gateway.errors import TooManyRequests
from services.gateway.settings import LimitRule


class Windows(Storage):
    """Counters with the end of their window, at most `capacity` of them."""

    STORAGE_SCHEME = ["lianxin-windows"]  # noqa: RUF012 (the library says so)

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self._capacity = capacity
        self._windows: dict[str, tuple[float, int]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may be wrapped: nothing can fail here."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Counts `amount` more in the window of `key`, which opens with its first count; gives the new count."""
        now = time.time()
        end, count = self._windows.get(key, (0.0, 0))
        if end <= now:
            self._windows.pop(key, None)
            if len(self._windows) >= self._capacity:
                del self._windows[next(iter(self._windows))]
            end, count = now + expiry, 0
        self._windows[key] = (end, count + amount)
        return count + amount

    def give_back(self, key: str) -> None:
        """Takes one count back, in whatever window is open."""
        if key in self._windows:
            end, count = self._windows[key]
            self._windows[key] = (end, max(0, count - 1))

    def get(self, key: str) -> int:
        """The count of the open window, 0 without one."""
        end, count = self._windows.get(key, (0.0, 0))
        return count if end > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        return self._windows.get(key, (time.time(), 0))[0]

    def check(self) -> bool:
        """Whether the storage works."""
        return True

    def reset(self) -> int:
        """Forgets everything; gives the number of keys there were."""
        forgotten = len(self._windows)
        self._windows.clear()
        return forgotten

    def clear(self, key: str) -> None:
        """Forgets one key."""
        self._windows.pop(key, None)

    def __len__(self) -> int:
        return len(self._windows)


@dataclass(slots=True)
class Asked:
    """What of a request the rules look at. `metered` False: only rules on failures count."""

    method: str
    path: str
    address: str
    metered: bool = True
    account: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the settings, read once."""

    rule: LimitRule
    item: RateLimitItem
    prefix: str
    is_open: bool
    body_fields: tuple[str, ...]

    @classmethod
    def of(cls, rule: LimitRule) -> Rule:
        """Reads a rule."""
        fields = tuple(part.removeprefix("body:") for part in rule.per if part.startswith("body:"))
        return cls(rule, parse(rule.rate), rule.path.removesuffix("*"), rule.path.endswith("*"), fields)

    def fits(self, asked: Asked) -> bool:
        """Whether the rule is about this request."""
        if not (asked.metered or self.rule.failures_only) or (self.rule.methods and asked.method not in self.rule.methods):
            return False
        return asked.path.startswith(self.prefix) if self.is_open else not self.prefix or asked.path == self.prefix


class Quotas:
    """All rules of the settings: those on the address alone before anything is read, the others once caller and body are known."""

    def __init__(self, rules: tuple[LimitRule, ...], capacity: int) -> None:
        compiled = [Rule.of(rule) for rule in rules]
        self._early = [rule for rule in compiled if set(rule.rule.per) <= {"address", "path"} and not rule.rule.path]
        self._late = [rule for rule in compiled if rule not in self._early]
        self._windows = Windows(capacity)
        self._limiter = FixedWindowRateLimiter(self._windows)

    def early(self, asked: Asked) -> list[str]:
        """Counts a request that has just come; gives the keys to `settle`. Raises TooManyRequests."""
        return [key for rule in self._early if rule.fits(asked) and (key := self._count(rule, asked, {}))]

    def further(self, asked: Asked) -> list[Rule]:
        """The rules that wait for caller or body."""
        return [rule for rule in self._late if rule.fits(asked)]

    def late(self, rules: list[Rule], asked: Asked, body: bytes) -> list[str]:
        """Counts a request whose caller (`asked.account`, empty without one) and body are known. As `early`."""
        fields = _fields(body) if any(rule.body_fields for rule in rules) else {}
        return [key for rule in rules if (key := self._count(rule, asked, fields))]

    def settle(self, keys: list[str], status: int) -> None:
        """Gives back what was counted for an attempt that did not fail; `status` is that of the answer."""
        if not 400 <= status < 500:
            for key in keys:
                self._windows.give_back(key)

    def _count(self, rule: Rule, asked: Asked, fields: dict[str, Any]) -> str:
        parts = []
        for part in rule.rule.per:
            value = _digest(fields.get(part[5:])) if part.startswith("body:") else str(getattr(asked, part))
            if not value:
                return ""
            parts.append(value)
        if not self._limiter.hit(rule.item, rule.rule.name, *parts):
            end, _ = self._limiter.get_window_stats(rule.item, rule.rule.name, *parts)
            raise _refusal(rule, max(1, math.ceil(end - time.time())))
        return rule.item.key_for(rule.rule.name, *parts) if rule.rule.failures_only else ""


def _refusal(rule: Rule, seconds: int) -> TooManyRequests:
    refusal = TooManyRequests(limit=rule.rule.rate, retry_after=seconds, where=rule.rule.name)
    refusal.headers = {  # type: ignore[misc]
        "Retry-After": str(seconds),
        "RateLimit-Limit": str(rule.item.amount),
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": str(seconds),
        "RateLimit-Policy": f"{rule.item.amount};w={rule.item.get_expiry()}",
    }
    return refusal


def _fields(body: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        # The services read with the standard library, which also takes UTF-16 and NaN: whoever sends such must not escape his limit.
        try:
            parsed = json.loads(body)
        except (ValueError, RecursionError):
            return {}  # the service answers 400
    return parsed if isinstance(parsed, dict) else {}


def _digest(value: object) -> str:
    if not isinstance(value, str):
        return ""
    same = unicodedata.normalize("NFKC", value).strip().casefold()
    return blake2b(same.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
