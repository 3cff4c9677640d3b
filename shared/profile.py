"""Loads a place's policy profile and validates one service's section of it (architecture, section 5; decision record 0028).

A profile may extend another: then it says only what differs. Mappings are merged key by key, anything else is replaced whole,
and a key whose value is null is taken out.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from shared.settings import ROOT

PROFILES = ROOT / "deploy" / "profiles"
"""Where a profile that is extended is looked for, when it does not lie beside the one that extends it."""


@lru_cache(maxsize=16)
def _read(path: Path, changed_at: int) -> Any:
    # All services of a place read the same file: parsing it takes 0.1 to 0.4 s.
    return yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe loaders both


Section = TypeVar("Section", bound=BaseModel)


class ProfileNotValid(ValueError):
    """A profile cannot be used; the text names the file and each key path with what is wrong there."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One profile of a chain, as its file says it."""

    path: Path
    document: dict[str, Any]

    @property
    def name(self) -> str:
        """The profile and its version, as a decision records it."""
        return f"{self.document.get('profile')}@{self.document.get('version')}"


def layers(path: Path) -> list[Layer]:
    """The profile at `path`, what it extends, what that extends, and so on.

    Raises ProfileNotValid when a file is missing, is no YAML mapping, or extends itself in the end.
    """
    found: list[Layer] = []
    while True:
        found.append(Layer(path, _document(path)))
        base = found[-1].document.get("extends")
        if base is None:
            return found
        beside = path.with_name(f"{base}.yaml")
        path = beside if beside.exists() else PROFILES / f"{base}.yaml"
        if any(path.resolve() == layer.path.resolve() for layer in found):
            raise ProfileNotValid(f"{found[-1].path}: extends: {base} extends this profile itself")


def _document(path: Path) -> dict[str, Any]:
    try:
        document = _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError as error:
        raise ProfileNotValid(f"{path}: no such profile; name one of deploy/profiles in LIANXIN_PROFILE") from error
    except yaml.YAMLError as error:
        raise ProfileNotValid(f"{path}: not readable as YAML: {error}") from error
    if not isinstance(document, dict):
        raise ProfileNotValid(f"{path}: no sections at all")
    return document


def whole(path: Path) -> dict[str, Any]:
    """All sections of the profile at `path` with what it inherits. Raises ProfileNotValid as `layers` does."""
    *own, base = layers(path)
    merged: Any = base.document
    for layer in reversed(own):
        merged = over(layer.document, merged)
    return deepcopy({key: value for key, value in merged.items() if key != "extends"})


def over(own: Any, base: Any) -> Any:
    """`own` laid over `base`."""
    if not isinstance(own, dict) or not isinstance(base, dict):
        return own
    merged = {key: over(own[key], value) if key in own else value for key, value in base.items()}
    merged.update((key, value) for key, value in own.items() if key not in base)
    return {key: value for key, value in merged.items() if not (key in own and own[key] is None)}


def version_of(path: Path) -> str:
    """What a decision records: the profile with its version, and those that it stands on. Raises ProfileNotValid as `layers` does."""
    return "+".join(layer.name for layer in layers(path))


def load(path: Path, section: str, model: type[Section]) -> Section:
    """The section of the profile at `path` as a `model`, with what it inherits. The model may have a `profile_version` field.

    Raises ProfileNotValid when a file is missing, is no YAML, lacks the section or does not fit the model.
    """
    sections = whole(path)
    if section not in sections:
        raise ProfileNotValid(f"{path}: the section `{section}` is missing")
    try:
        return model.model_validate({**sections[section], "profile_version": version_of(path)})
    except ValidationError as error:
        lines = [f"{path}: {section}.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ProfileNotValid("\n".join(lines)) from error
