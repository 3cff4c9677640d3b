"""What a backup consists of, written last and read first: versions, the cut, and size and hash of every file."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.local.errors import LocalError

MANIFEST = "manifest.json"
_BLOCK = 1024 * 1024


class Part(BaseModel):
    """A file of the backup, its path relative to the folder."""

    model_config = ConfigDict(frozen=True)

    file: str
    bytes: int
    sha256: str


class DatabasePart(Part):
    """A dump of one database as it was at `at`, with the number of rows of each table."""

    at: datetime
    lsn: str
    server: str
    migrations: dict[str, str]
    rows: dict[str, int]


class StreamPart(Part):
    """A snapshot of one stream. `state` and `config` are the server's own words."""

    created: str
    config: dict[str, Any]
    state: dict[str, Any]

    @property
    def last_seq(self) -> int:
        """The newest message's sequence."""
        return int(self.state["last_seq"])


class Manifest(BaseModel):
    """A whole backup. `cut_at` is the moment of the last database's snapshot; `held` and `took` are seconds."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    backup: uuid.UUID
    lianxin: str
    site: str
    profile: str
    cut_at: datetime
    held: float
    took: float
    databases: dict[str, DatabasePart]
    streams: dict[str, StreamPart]
    others: dict[str, Part]

    @property
    def parts(self) -> list[Part]:
        """Every file but the manifest itself."""
        return [*self.databases.values(), *self.streams.values(), *self.others.values()]


def part_of(folder: Path, file: str) -> dict[str, Any]:
    """The fields of a Part for a file of the folder."""
    path = folder / file
    return {"file": file, "bytes": path.stat().st_size, "sha256": sha256_of(path)}


def sha256_of(path: Path) -> str:
    """The file's hash in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup whose files are all there and as they were written. Raises LocalError that names the first that is not."""
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except OSError:
        raise LocalError(f"{folder} is no finished backup: it has no {MANIFEST}.", f"{folder} 不是完整的备份：没有 {MANIFEST}。") from None
    except ValidationError as error:
        raise LocalError(
            f"{path} cannot be read: {error.errors()[0]['msg']}. Was it written by another version?",
            f"{path} 无法读取，可能由其他版本写成。",
        ) from None
    for part in manifest.parts:
        file = folder / part.file
        if not file.is_file() or sha256_of(file) != part.sha256:
            raise LocalError(f"{file} is missing or damaged; nothing was restored.", f"{file} 缺失或已损坏，未做任何恢复。")
    return manifest
