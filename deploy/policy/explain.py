"""Where a value of a profile comes from: the file and line that say it, the law or document behind it, what it overrides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shared.profile import Layer, layers, whole

_CODED = ("code", "id", "group", "version", "measure")


class NoSuchKey(LookupError):
    """The profile has no such key; `near` lists the keys there are at that place."""

    def __init__(self, key: str, near: list[str]) -> None:
        super().__init__(f"{key}: no such key; there are {', '.join(near)}" if near else f"{key}: there is nothing below a plain value")


@dataclass(frozen=True, slots=True)
class Said:
    """What one profile of the chain says of a key, in which line, and by what source."""

    profile: str
    path: Path
    line: int
    value: Any
    source: str | None


@dataclass(frozen=True, slots=True)
class Explained:
    """The value that holds, and who says it; further entries of `said` are overridden or merged into it."""

    key: str
    value: Any
    said: list[Said]


def explain(path: Path, key: str) -> Explained:
    """Explains a key path as `routing.clocks.longest`, entries of lists by their codes. Raises NoSuchKey, ProfileNotValid."""
    names = key.split(".")
    value = whole(path)
    for depth, name in enumerate(names):
        parts = _parts(value)
        if name not in parts:
            raise NoSuchKey(".".join(names[: depth + 1]), sorted(parts))
        value = parts[name]
    return Explained(key, value, [said for layer in layers(path) for said in _in(layer, names)])


def _parts(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {str(name): one for name, one in value.items()}
    if isinstance(value, list):
        return {_code(one, number): one for number, one in enumerate(value)}
    return {}


def _code(entry: Any, number: int) -> str:
    return next((str(entry[name]) for name in _CODED if name in entry), str(number)) if isinstance(entry, dict) else str(number)


def _in(layer: Layer, names: list[str]) -> Iterator[Said]:
    """What this file says of the key itself, if it does."""
    text = layer.path.read_text("utf-8")
    node, value, lines = yaml.compose(text, Loader=yaml.SafeLoader), layer.document, []
    for name in names:
        parts, at = _parts(value), _lines(node)
        if name not in parts:
            return
        value, (line, node) = parts[name], at[name]
        lines.append(line)
    written = text.splitlines()
    yield Said(layer.name, layer.path, lines[-1] + 1, value, _source(value, written, lines))


def _lines(node: Any) -> dict[str, tuple[int, Any]]:
    """Name of each part of a node → the line on which it begins, and its own node."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): (key.start_mark.line, value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        loader = yaml.SafeLoader("")
        built = [loader.construct_object(one, deep=True) for one in node.value]
        return {_code(entry, i): (one.start_mark.line, one) for i, (one, entry) in enumerate(zip(node.value, built, strict=True))}
    return {}


def _source(value: Any, written: list[str], lines: list[int]) -> str | None:
    """The value's own `source`, else the remark above it, or above the nearest thing that it is a part of."""
    if isinstance(value, dict) and value.get("source"):
        return str(value["source"])
    for line in reversed(lines[1:] or lines):
        remark: list[str] = []
        while line > 0 and written[line - 1].strip().startswith("#"):
            remark.insert(0, written[line - 1].strip().lstrip("# "))
            line -= 1  # noqa: PLW2901 - walks up through the remark
        if remark:
            return " ".join(remark)
    return None
