"""F17 to its end: the disk under everything is full, PostgreSQL and a service die on it, and the run outlives it without anybody's help."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from deploy.local.processes import wait_until
from deploy.local.servers import LocalServers
from tests.deploy.folders import data_folder
from tests.deploy.local.running import FakeRun, Runs, gone
from tests.shared.test_disk_full import small_disk


def test_a_full_disk_ends_neither_the_run_nor_its_services_and_room_alone_heals_it(template: Path) -> None:
    with data_folder("full-run") as data, small_disk(data, "800m") as disk:
        subprocess.run(["cp", "-a", f"{template}/.", str(data)], check=True)
        data.chmod(0o711)
        runs = Runs(data)
        try:
            run = runs.start()
            state = run.wait_ready()
            disk.fill()
            intake, postgres = state.services["intake"].replicas[0].pid, state.postgres_pid
            assert postgres is not None
            for pid in (postgres, intake):
                os.kill(pid, signal.SIGKILL)
            assert wait_until(lambda: gone([postgres, intake]), 10)
            assert wait_until(lambda: run.process.poll() is not None or _served_by(run) not in (None, intake), 20)
            assert run.process.poll() is None, run.finish()
            disk.free()
            assert wait_until(lambda: LocalServers(data).postgres_pid not in (None, postgres), 30)
            assert wait_until(lambda: run.state().postgres_pid == LocalServers(data).postgres_pid, 10)
            assert wait_until(lambda: run.state().services["intake"].replicas[0].restarts == 1, 10)
        finally:
            runs.end()


def _served_by(run: FakeRun) -> int | None:
    """The process that answers for intake now."""
    try:
        return int(run.ask("intake")["pid"])
    except OSError:
        return None
