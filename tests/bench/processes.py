"""What each process of a suite costs: CPU time and memory, from /proc."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

_TICK = 1000 / os.sysconf("SC_CLK_TCK")
"""Milliseconds of a clock tick."""


def cpu_ms(pid: int) -> float:
    """User and system time of a process in ms, with that of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(") ")[2].split()
    return sum(int(field) for field in fields[11:15]) * _TICK


def pss_mb(pid: int) -> float:
    """Proportional set size in MB: shared pages are counted in equal shares among those who share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    try:
        main = psutil.Process(pid)
        return [pid, *(child.pid for child in main.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


class Meter:
    """CPU time of named groups of processes since it was made; `groups` are main pids with all below them.

    This process, which is the clients, is in it as `client`, alone.
    """

    def __init__(self, groups: dict[str, list[int]]) -> None:
        self._groups = groups
        self._before = self._read()

    def _read(self) -> dict[str, float]:
        found = {}
        for name, pids in self._groups.items():
            total = 0.0
            for main in pids:
                for pid in tree(main):
                    try:
                        total += cpu_ms(pid)
                    except (FileNotFoundError, ProcessLookupError):
                        continue  # ended meanwhile; its parent has its time
            found[name] = total
        times = os.times()
        found["client"] = (times.user + times.system) * 1000
        return found

    def ms(self) -> dict[str, float]:
        """CPU milliseconds of each group since the beginning."""
        now = self._read()
        return {name: round(now[name] - self._before[name], 1) for name in now}


def memory(groups: dict[str, list[int]]) -> dict[str, float]:
    """PSS of each group in MB."""
    found = {}
    for name, mains in groups.items():
        total = 0.0
        for pid in (pid for main in mains for pid in tree(main)):
            try:
                total += pss_mb(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
        found[name] = round(total, 1)
    return found
