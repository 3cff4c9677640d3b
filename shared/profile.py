"""Loads a place's policy profile and validates one service's section of it (architecture, section 5)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError


@lru_cache(maxsize=8)
def _whole(path: Path, changed_at: int) -> Any:
    # All services of a place read the same file: parsing it takes 0.1 to 0.4 s.
    return yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe loaders both


Section = TypeVar("Section", bound=BaseModel)


class ProfileNotValid(ValueError):
    """A profile cannot be used; the text names the file and each key path with what is wrong there."""


def load(path: Path, section: str, model: type[Section]) -> Section:
    """The section of the profile at `path` as a `model`. The model may have `profile` and `profile_version` fields.

    Raises ProfileNotValid when the file is missing, is no YAML, lacks the section or does not fit the model.
    """
    try:
        whole = _whole(path, path.stat().st_mtime_ns)
    except FileNotFoundError as error:
        raise ProfileNotValid(f"{path}: no such profile; name one of deploy/profiles in LIANXIN_PROFILE") from error
    except yaml.YAMLError as error:
        raise ProfileNotValid(f"{path}: not readable as YAML: {error}") from error
    if not isinstance(whole, dict) or section not in whole:
        raise ProfileNotValid(f"{path}: the section `{section}` is missing")
    try:
        return model.model_validate({**whole[section], "profile_version": f"{whole.get('profile')}@{whole.get('version')}"})
    except ValidationError as error:
        lines = [f"{path}: {section}.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ProfileNotValid("\n".join(lines)) from error
