"""A run of the small suite in a process of its own, watched by its state file."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from deploy.local.processes import wait_until
from deploy.local.servers import LocalServers
from deploy.local.state import SuiteState, read_state
from tests.deploy.folders import PROJECT, data_folder

FAKE = "tests.deploy.local.fake_suite"
START_SECONDS = 40


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class FakeRun:
    """One run on a data folder; `output` is what the person at the keyboard would have read."""

    def __init__(self, data: Path, port: int, scale: str = "", **env: str) -> None:
        self.data, self.port = data, port
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LIANXIN_")}
        environment = {**inherited, "LIANXIN_DATA": str(data), "LIANXIN_PORT": str(port), "LIANXIN_DEMO": "false", **env}
        command = [sys.executable, "-m", FAKE, scale]
        self.process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        self.output = ""

    def wait_ready(self) -> SuiteState:
        """The state once all services answer."""
        assert wait_until(lambda: self.process.poll() is not None or self._ready(), START_SECONDS, 0.02)
        assert self.process.poll() is None, self.finish()
        return self.state()

    def _ready(self) -> bool:
        state = read_state(self.data)
        return state is not None and state.ready and state.pid == self.process.pid

    def state(self) -> SuiteState:
        """What the parent says now."""
        state = read_state(self.data)
        assert state is not None
        return state

    def finish(self, number: signal.Signals | None = None, seconds: float = 40) -> str:
        """Send a signal if one is given, wait for the end, and return all output."""
        if number is not None:
            self.process.send_signal(number)
        try:
            out, _ = self.process.communicate(timeout=seconds)
            self.output += out or ""
        except ValueError:
            pass
        return self.output

    def ask(self, service: str, path: str = "/who") -> dict[str, Any]:
        """GET from a service on its own port."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.state().services[service].port}{path}", timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def pids(self) -> list[int]:
        """All processes of the run: parent, replicas, servers."""
        state = self.state()
        replicas = [one.pid for service in state.services.values() for one in service.replicas]
        return [state.pid, *replicas, *[pid for pid in (state.postgres_pid, state.nats_pid) if pid]]


def gone(pids: list[int]) -> bool:
    """Whether none of the processes lives any more."""
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                return False
    return True


@contextmanager
def run_in(name: str, template: Path | None = None) -> Iterator["Runs"]:
    """Start runs on one data folder, fresh or a copy; whatever still lives at the end is ended."""
    with data_folder(name, template) as data:
        runs = Runs(data)
        try:
            yield runs
        finally:
            runs.end()


class Runs:
    """The runs of one test on one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self._started: list[FakeRun] = []

    def start(self, scale: str = "", **env: str) -> FakeRun:
        """Start another run on the folder."""
        run = FakeRun(self.data, self.port, scale, **env)
        self._started.append(run)
        return run

    def end(self) -> None:
        """Stop all that is left."""
        for run in self._started:
            if run.process.poll() is None:
                run.process.send_signal(signal.SIGTERM)
                try:
                    run.process.wait(40)
                except subprocess.TimeoutExpired:
                    run.process.kill()
            if run.process.stdout:
                run.process.stdout.close()
        LocalServers(self.data).stop()
