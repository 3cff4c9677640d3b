"""The models of a data folder: each its own file, and a link to the one that intake loads when it starts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalError

CURRENT = "classifier.npz"
"""What `LIANXIN_CLASSIFIER` names unless it is set: see `services/intake/settings.py`."""
_PREFIX, _SUFFIX = "classifier-", ".npz"


@dataclass(frozen=True, slots=True)
class Kept:
    """A model on the shelf."""

    version: str
    bytes: int
    is_current: bool


class Shelf:
    """The folder `models` of a data folder."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "models"
        self.current = self.folder / CURRENT

    def put(self, version: str, content: bytes) -> Path:
        """Keeps a model under its version, whole or not at all; the one in use stays in use."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        path = self._path(version)
        beside = path.with_suffix(".part")
        beside.write_bytes(content)
        beside.replace(path)
        return path

    def use(self, version: str | None) -> None:
        """Makes intake load that model at its next start, or none. Raises LocalError when there is no such model."""
        if version is None:
            self.current.unlink(missing_ok=True)
            return
        if not self._path(version).is_file():
            known = ", ".join(kept.version for kept in self.kept()) or "none yet: `lianxin train`"
            raise LocalError(f"There is no model {version} in {self.folder} ({known}).", f"{self.folder} 中没有模型 {version}。")
        link = self.folder / f"{CURRENT}.new"
        link.unlink(missing_ok=True)
        link.symlink_to(self._path(version).name)
        os.replace(link, self.current)

    def content(self, version: str) -> bytes:
        """The model of a version, byte for byte."""
        return self._path(version).read_bytes()

    def in_use(self) -> str | None:
        """The version that intake loads at its next start."""
        return next((one.version for one in self.kept() if one.is_current), None)

    def kept(self) -> list[Kept]:
        """All models, oldest first."""
        used = self.current.resolve() if self.current.exists() else None
        files = sorted(self.folder.glob(f"{_PREFIX}*{_SUFFIX}"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        return [Kept(p.name.removeprefix(_PREFIX).removesuffix(_SUFFIX), p.stat().st_size, p.resolve() == used) for p in files]

    def _path(self, version: str) -> Path:
        return self.folder / f"{_PREFIX}{version}{_SUFFIX}"
