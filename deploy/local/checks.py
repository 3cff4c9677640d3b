"""What is looked at before anything is started: the data folder's layout, the disk, the one run at a time."""

import fcntl
import os
import shutil
from pathlib import Path

from deploy.local.errors import LocalError

LAYOUT = 1
"""Raised when the data folder's layout changes so that an older suite could not read it any more."""

NEEDED_DISK = 500 * 1024**2
"""Bytes that must be free at start: a database or stream that hits a full disk stops everything."""


def check_layout(data: Path) -> None:
    """Refuse a data folder of another layout; a new one is marked as ours. Raises LocalError."""
    version = data / "VERSION"
    if not version.exists():
        if (data / "postgres").exists():
            raise _other_layout(data, "older", "较旧")
        version.write_text(f"{LAYOUT}\n")
    found = version.read_text().strip()
    if found != str(LAYOUT):
        newer = found.isdigit() and int(found) > LAYOUT
        raise _other_layout(data, "newer", "较新") if newer else _other_layout(data, "older", "较旧")


def _other_layout(data: Path, english: str, chinese: str) -> LocalError:
    return LocalError(
        f"{data} was written by a{'n' if english == 'older' else ''} {english} version of Lianxin. Run that version, "
        "or move the folder away (or set LIANXIN_DATA to another one) to start afresh.",
        f"{data} 由{chinese}版本的连心写成；请改用该版本运行，或移走该目录（或把 LIANXIN_DATA 设为其他位置）后重新开始。",
    )


def unfinished_restore(data: Path) -> Path:
    """The file that stands as long as a restore has not come to its end."""
    return data / "RESTORING"


def check_whole(data: Path) -> None:
    """Refuse to run on what a broken-off restore has left: half of it is of another time. Raises LocalError."""
    if unfinished_restore(data).exists():
        raise LocalError(
            "A restore was broken off here. Run `lianxin restore … --replace` again and let it end.",
            "上次恢复未完成；请重新执行 lianxin restore … --replace 并等待其完成。",
        )


def check_disk(data: Path, needed: int = NEEDED_DISK) -> None:
    """Refuse to start on a disk with less than `needed` bytes free. Raises LocalError."""
    free = shutil.disk_usage(data).free
    if free < needed:
        raise LocalError(
            f"Only {free // 1024**2} MB are free where {data} lies; {needed // 1024**2} MB are needed. "
            "Free some space, or set LIANXIN_DATA to a folder on another disk.",
            f"{data} 所在磁盘仅剩 {free // 1024**2} MB，至少需要 {needed // 1024**2} MB；请清理空间，或把 LIANXIN_DATA 设到其他磁盘。",
        )


class RunLock:
    """One run per data folder: a POSIX record lock, which ends with this process and is not inherited by a fork."""

    def __init__(self, data: Path) -> None:
        self._path = data / "run" / "lock"
        self._descriptor: int | None = None

    def take(self) -> bool:
        """Whether this process is now the only one that runs the suite on the data folder."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let another run begin."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @classmethod
    def is_held(cls, data: Path) -> bool:
        """Whether another process runs the suite on `data`."""
        if not (data / "run" / "lock").exists():
            return False
        lock = cls(data)
        taken = lock.take()
        lock.release()
        return not taken
