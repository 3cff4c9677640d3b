"""Passwords and nkey seeds of one data folder: made once, kept in files that only their owner can read."""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import nkeys


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 that is either whole or absent, also after a crash in the middle."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


class Credentials:
    """The secrets under `<data>/secrets`. Reading one that does not exist yet makes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def password(self, role: str) -> str:
        """The password of a PostgreSQL role: letters, digits, `-` and `_` only, so it needs no quoting anywhere."""
        return self._kept(self.folder / f"postgres-{role}.password", lambda: secrets.token_urlsafe(24))

    def seed(self, user: str) -> str:
        """The nkey seed of a user of the bus; keep it out of logs."""
        return self._kept(self.folder / f"nats-{user}.seed", new_seed)

    def master_key(self, service: str) -> str:
        """The key with which a service wraps what it encrypts at rest: base64url of 32 random bytes. Lost is lost."""
        return self._kept(self.folder / f"master-{service}.key", _new_key)

    def public_key(self, user: str) -> str:
        """The public nkey of a user of the bus, as the server's configuration wants it."""
        pair = nkeys.from_seed(self.seed(user).encode())
        return str(pair.public_key.decode())

    def _kept(self, path: Path, make: Callable[[], str]) -> str:
        if not path.exists():
            write_private(path, make() + "\n")
        return path.read_text(encoding="utf-8").strip()


def _new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def new_seed() -> str:
    """A fresh nkey seed of a user."""
    return str(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER).decode())
