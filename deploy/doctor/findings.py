"""One finding: what was looked at, how it is, and what to type when it is not well."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from shared.texts import catalogue, text

Level = Literal["ok", "warning", "wrong"]

_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Finding:
    """`heal` is a command or a section of docs/operating.md; empty when all is well."""

    check: str
    level: Level
    zh: str
    en: str
    heal: str = ""


def finding(level: Level, key: str, **values: Any) -> Finding:
    """A finding in the words of `texts.yaml`. Raises KeyError for a key that is not there."""
    heal = str(text(_HERE, key, "do", **values)) if level != "ok" and "do" in catalogue(_HERE)[key] else ""
    return Finding(key, level, str(text(_HERE, key, "zh", **values)), str(text(_HERE, key, "en", **values)), heal)
