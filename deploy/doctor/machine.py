"""What can be seen without any server: Python, the data folder and its disk, secrets, the profile, the processes, the last backup."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from deploy.doctor.findings import Finding, Level, finding
from deploy.local.checks import LAYOUT, NEEDED_DISK
from deploy.local.servers import SERVICES
from deploy.local.settings import RunSettings
from deploy.local.state import running
from shared import profile
from shared.settings import ServiceSettings

LITTLE_DISK = 2 * 1024**3
LITTLE = 0.05
"""Share of a disk or of its inodes below which it is nearly full; as in deploy/monitoring/alerts.yaml."""

OLD_BACKUP = 26 * 3600.0
MANY_RESTARTS = 5


def look_at_machine(settings: RunSettings) -> Iterator[Finding]:
    """Findings about this machine. Without a data folder only Python and the profile can be looked at."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield finding("ok" if sys.version_info >= (3, 11) else "wrong", "python", version=version)
    yield _profile(settings.profile)
    if not settings.data.is_dir():
        yield finding("wrong", "data_missing", data=settings.data)
        return
    yield from _disk(settings.data)
    yield from _secrets(settings.data / "secrets")
    if not (settings.database_url and settings.nats_url):
        yield _layout(settings.data)
        yield from _processes(settings)
    yield _backup(settings.data)


def _disk(data: Path) -> Iterator[Finding]:
    room = shutil.disk_usage(data)
    full = room.free < NEEDED_DISK
    little = room.free < LITTLE_DISK or room.free / room.total < LITTLE
    yield finding("wrong" if full else "warning" if little else "ok", "disk", free=room.free // 1024**2, data=data)
    found = os.statvfs(data)
    share = found.f_favail / found.f_files if found.f_files else 1.0
    yield finding("warning" if share < LITTLE else "ok", "inodes", share=f"{share:.0%}")


def _layout(data: Path) -> Finding:
    version = data / "VERSION"
    found = version.read_text("utf-8").strip() if version.exists() else "?"
    return finding("ok" if found == str(LAYOUT) else "wrong", "layout", found=found, wanted=LAYOUT)


def _secrets(folder: Path) -> Iterator[Finding]:
    """Whether the keys that cannot be made again are there, and whether nobody else can read any of them."""
    missing = [f"master-{name}.key" for name in ("directory", "intake") if not (folder / f"master-{name}.key").exists()]
    if missing:
        yield finding("wrong", "secrets_missing", names=", ".join(missing))
    open_ones = [
        path for path in (folder, *sorted(folder.glob("*"))) if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    if open_ones:
        yield finding("wrong", "secrets_open", names=", ".join(path.name for path in open_ones[:3]), where=folder)
    elif not missing:
        yield finding("ok", "secrets")


def _profile(path: Path) -> Finding:
    try:
        for name in SERVICES:
            kind: type[ServiceSettings] = importlib.import_module(f"services.{name}.settings").Settings
            if kind.policy:
                profile.load(path, name, kind.policy)
    except profile.ProfileNotValid as error:
        return finding("wrong", "profile", path=path.name, why=str(error).splitlines()[0])
    return finding("ok", "profile_valid", path=path.name)


def _processes(settings: RunSettings) -> Iterator[Finding]:
    state = running(settings.data)
    if state is None:
        yield finding("wrong", "not_running", data=settings.data)
        return
    yield finding("ok", "running", url=state.url) if state.ready else finding("warning", "starting", url=state.url)
    logs = settings.data / "logs"
    for name, pid, log in (("NATS", state.nats_pid, "nats.log"), ("PostgreSQL", state.postgres_pid, "postgres.log")):
        if pid is not None and not psutil.pid_exists(pid):
            yield finding("wrong", "server_dead", name=name, log=logs / log)
    for name, service in state.services.items():
        restarts = sum(replica.restarts for replica in service.replicas)
        if not service.replicas or restarts > MANY_RESTARTS:
            level: Level = "warning" if service.replicas else "wrong"
            yield finding(level, "restarts", name=name, restarts=restarts, log=logs / f"{name}.log")


def _backup(data: Path) -> Finding:
    try:
        at = float(json.loads((data / "run" / "backup.json").read_text("utf-8"))["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return finding("warning", "backup_never")
    hours = (time.time() - at) / 3600
    return finding("warning" if hours * 3600 > OLD_BACKUP else "ok", "backup", hours=f"{hours:.1f}")
