"""Data folders for tests, under the project: as root the embedded PostgreSQL needs a way to its data."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[2]


@contextmanager
def data_folder(name: str) -> Iterator[Path]:
    """A path that does not exist yet, ignored by git, deleted afterwards."""
    folder = PROJECT / f".data-test-{name}-{secrets.token_hex(4)}"
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
