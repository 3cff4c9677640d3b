"""User-facing texts from catalogues: Chinese first, English beside it, never in logic."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

# The loader in C takes a tenth of the time: each process reads its catalogues when it first refuses something.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

LANGUAGES = ("zh", "en")


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


@cache
def catalogue(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """The texts of `texts.yaml` in `folder` or the nearest folder above it that has one.

    Raises FileNotFoundError when there is none up to the project's root.
    """
    for place in (folder, *folder.parents):
        file = place / "texts.yaml"
        if file.is_file():
            loaded: Mapping[str, Mapping[str, Any]] = yaml.load(file.read_text("utf-8"), Loader=_LOADER)  # noqa: S506 - safe both
            return loaded
        if (place / "pyproject.toml").is_file():
            break
    raise FileNotFoundError(f"no texts.yaml in {folder} or above")


def text(folder: Path, key: str, language: str, **values: Any) -> Any:
    """The entry `key` in `language` (Chinese when that is missing), its placeholders filled with `values`.

    A placeholder without a value becomes an ellipsis: a text must never be the reason of a failure.
    """
    entry = catalogue(folder)[key]
    chosen = entry.get(language, entry["zh"])
    if isinstance(chosen, str):
        return chosen.format_map(_Lenient(values))
    return {part: line.format_map(_Lenient(values)) for part, line in chosen.items()}


def folder_of(thing: type) -> Path:
    """The folder of the module in which a class is defined."""
    return Path(str(sys.modules[thing.__module__].__file__)).resolve().parent


def language_of(accept_language: str | None) -> str:
    """The language to answer in: English when the client prefers it, else Chinese."""
    first = (accept_language or "").split(",")[0].strip().lower()
    return "en" if first.startswith("en") else "zh"
