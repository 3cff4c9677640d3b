"""Data folders for tests, under the project: as root the embedded PostgreSQL needs a way to its data."""

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[2]


@contextmanager
def data_folder(name: str, template: Path | None = None) -> Iterator[Path]:
    """A path that does not exist yet (or holds a copy of `template`), ignored by git, deleted afterwards."""
    folder = PROJECT / f".data-test-{name}-{secrets.token_hex(4)}"
    try:
        if template:
            subprocess.run(["cp", "-a", str(template), str(folder)], check=True)  # keeps the owners, which shutil does not
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
