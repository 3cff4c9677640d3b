"""Server processes of the suite: launched, found again, paused, stopped. Only those known to be ours are touched."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from deploy.local.errors import LocalError

PR_SET_PDEATHSIG = 1
LOG_LIMIT = 10 * 1024 * 1024
"""Bytes after which a log is set aside (one old copy is kept) at the next start."""


def wait_until(ready: Callable[[], bool], seconds: float, interval: float = 0.005) -> bool:
    """Poll `ready` until it is true (True) or the time is up (False)."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() >= deadline:
            return False
        time.sleep(interval)
    return True


def find_process(pid: int | None, marker: str) -> psutil.Process | None:
    """The living process `pid` if `marker` is a word of its command line: a pid alone may have passed to a stranger."""
    if not pid:
        return None
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or marker not in process.cmdline():
            return None
    except psutil.Error:
        return None
    return process


def open_log(path: Path) -> int:
    """A descriptor that appends to `path` (mode 0600), after setting aside a log that has grown too long."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_name(path.name + ".1"))
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def trim_log(path: Path) -> None:
    """Set aside what a running process has written to a log that has grown too long; it goes on in the same file.

    Lines written in the moment between the copy and the cut are lost, as with logrotate's copytruncate.
    """
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT:
            old = path.with_name(path.name + ".1")
            shutil.copyfile(path, old)
            old.chmod(0o600)
            os.truncate(path, 0)


def tail(path: Path, start: int = 0, lines: int = 5, width: int = 400) -> str:
    """The last lines of a log, counted from the byte `start`, each cut to `width` characters."""
    try:
        with path.open("rb") as file:
            file.seek(max(start, path.stat().st_size - 64 * 1024))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(line[:width] for line in text.splitlines()[-lines:])


def die_with_parent(parent: int, how: signal.Signals) -> None:
    """Ask Linux to send `how` to this process when its parent's forking thread ends; elsewhere a no-op."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(how), 0, 0, 0)
    if os.getppid() != parent:  # it died before we could ask
        os.kill(os.getpid(), how)


class Daemon:
    """One server process. Another parent may have started it: then it is found by its pid file and `marker`."""

    def __init__(self, name: str, log: Path, marker: str, read_pid: Callable[[], int | None]) -> None:
        self.name = name
        self.log = log
        self._marker = marker
        self._read_pid = read_pid
        self._child: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._ended = False

    @property
    def pid(self) -> int | None:
        """The server's pid while it lives (also when paused), else None."""
        if self._child is not None:
            if self._child.poll() is None:
                return self._child.pid
            self._child, self._ended = None, True
        found = find_process(self._read_pid(), self._marker)
        return found.pid if found else None

    def launch(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        user: tuple[int, int] | None = None,
        env: Mapping[str, str] | None = None,
        tied: signal.Signals | None = None,
    ) -> None:
        """Start the process in a session of its own, so that Ctrl-C in the terminal reaches the parent only.

        `user` is the (uid, gid) to run as; `tied` the signal the kernel sends it should this process be killed.
        """
        self._ended = False
        log = open_log(self.log)
        self._log_start = os.fstat(log).st_size
        parent = os.getpid()
        try:
            self._child = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(env) if env is not None else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=user[0] if user else None,
                group=user[1] if user else None,
                extra_groups=[] if user else None,
                preexec_fn=(lambda: die_with_parent(parent, tied)) if tied else None,  # noqa: PLW1509 - the parent has none
            )
        finally:
            os.close(log)

    def exited(self) -> bool:
        """Whether the process launched last has ended."""
        return self._ended or (self._child is not None and self._child.poll() is not None)

    def last_words(self) -> str:
        """The end of what the process launched last has logged."""
        return tail(self.log, self._log_start)

    def failed_to_start(self) -> LocalError:
        """The error to raise when the process ended or did not answer in time."""
        return LocalError(
            f"{self.name} does not start. Its last words ({self.log}):\n{self.last_words()}",
            f"{self.name} 无法启动，请查看日志 {self.log}",
        )

    def signal_tree(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children; a server that is not running is left in peace."""
        for process in self._tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the main process only, and wait up to 5 s for its end if the signal is SIGKILL."""
        pid = self.pid
        if pid is None:
            return
        os.kill(pid, number)
        if number == signal.SIGKILL:
            wait_until(lambda: self.pid is None, 5)

    def stop(self, steps: Sequence[tuple[signal.Signals, float]]) -> None:
        """Stop the process: each signal is given its seconds before the next is tried; the last resort is SIGKILL."""
        tree = self._tree()
        if not tree:
            return
        self.signal_tree(signal.SIGCONT)  # a paused process would not hear the rest
        for number, seconds in steps:
            self.kill(number)
            if wait_until(lambda: self.pid is None, seconds):
                break
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        wait_until(lambda: self.pid is None, 5)

    def _tree(self) -> list[psutil.Process]:
        pid = self.pid
        if pid is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            main = psutil.Process(pid)
            return [main, *main.children(recursive=True)]
        return []
