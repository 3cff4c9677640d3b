"""In what two profiles differ: in words, and what it means for a case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from deploy.policy.check import words
from shared.profile import whole
from shared.workdays import CHINA, Clock, due, official_calendar

_HANDED_OVER = datetime(2026, 3, 2, 9, tzinfo=CHINA)
_CODED = ("code", "id", "group", "version", "measure")
_CLOCK = {"n", "unit"}
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What the key says before and after, in words; `effect` is what it means for a case, where that can be said."""

    key: Key
    said: str
    effect: str | None


def differences(before: Path, after: Path) -> list[Difference]:
    """What is different in `after`, with all that both inherit, in the order of the sections. Raises ProfileNotValid."""
    old, new = ({k: v for k, v in whole(path).items() if k not in ("profile", "version")} for path in (before, after))
    return [Difference(key, _said(key, a, b), _effect(key, a, b)) for key, a, b in _walk((), old, new)]


def _walk(key: Key, before: Any, after: Any) -> Iterator[tuple[Key, Any, Any]]:
    """The smallest parts that differ, clocks and labels as one; where a value comes from is no difference."""
    if _plain(before) == _plain(after):
        return
    if _is_whole(before) or _is_whole(after):
        yield key, before, after
        return
    old, new = _keyed(before), _keyed(after)
    if old is None or new is None:
        yield key, before, after
        return
    for name in {**old, **new}:
        yield from _walk((*key, str(name)), old.get(name), new.get(name))


def _plain(value: Any) -> Any:
    """A value without what only says where it comes from."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if name != "source"}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _is_clock(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() >= _CLOCK


def _is_whole(value: Any) -> bool:
    """Whether a mapping is one thing to people: a clock or a label."""
    return _is_clock(value) or (isinstance(value, dict) and value.keys() == {"zh", "en"})


def _keyed(value: Any) -> dict[Any, Any] | None:
    """A mapping as it is, a list of entries by their codes; None for anything that has no parts with names."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        for name in _CODED:
            if all(name in one for one in value) and len({one[name] for one in value}) == len(value):
                return {one[name]: one for one in value}
    return None


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load((Path(__file__).parent / "words.yaml").read_text("utf-8"))
    return found


def name_of(key: Key) -> str:
    """What people call the key: the longest part of it that has a name, and the rest as it is written."""
    for length in range(len(key), 0, -1):
        named = _names().get(".".join(key[:length]))
        if named:
            return ": ".join((named, *key[length:]))
    return ".".join(key)


def _said(key: Key, before: Any, after: Any) -> str:
    if before is None:
        return f"{name_of(key)}: {_value(after)}, where there was none"
    if after is None:
        return f"{name_of(key)}: none any more, instead of {_value(before)}"
    return f"{name_of(key)}: {_value(after)} instead of {_value(before)}"


def _value(value: Any) -> str:
    if _is_clock(value):
        return words(_clock(value))
    if isinstance(value, dict) and {"zh", "en"} <= value.keys():
        return f"{value['zh']} ({value['en']})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_value(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _clock(value: dict[str, Any]) -> Clock:
    return Clock(n=value["n"], unit=value["unit"])


def _effect(key: Key, before: Any, after: Any) -> str | None:
    if _is_clock(before) and _is_clock(after):
        days = [due(_HANDED_OVER, _clock(one), official_calendar()).at.date().isoformat() for one in (after, before)]
        return f"what begins on {_HANDED_OVER.date()} ends on {days[0]}, not on {days[1]}"
    match key:
        case ("routing", "categories", category, "lead"):
            return f"new cases of {category} go to {after or 'the desk'} instead of {before or 'the desk'}"
        case ("routing", "result_classes", code):
            return f"a reply of class {code} is {'refused' if after is None else 'taken'} from now on"
        case ("routing", "result_classes", code, "counts_as_done"):
            return f"new replies of class {code} count as {'done' if after else 'not done'}"
        case ("routing", "result_classes", code, "counts_as_promise"):
            return f"new replies of class {code} {'enter' if after else 'do not enter'} the promise ledger"
        case ("routing", "automatic", "confidence"):
            return f"fewer cases are handed over without the desk: certain from {after}" if after > before else f"more are: from {after}"
        case ("routing", "ratings", "not_returned"):
            return f"replies without a rating are {'in' if after == 'counted' else 'not in'} the base of the satisfaction rate"
        case ("routing", "ratings", "channels"):
            return f"replies are rated by {' and '.join(after)}"
        case ("routing", "lights", "yellow_share"):
            return f"a deadline turns yellow after {after:.0%} of its days"
        case ("routing", "reports", "decimals"):
            return f"shares are shown as {100 / 3:.{after}f} %"
    return None
