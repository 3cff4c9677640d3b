"""The replicas of all services: forked, restarted with growing pauses when they die, stopped in order."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import replica
from deploy.local.settings import LONGEST_PAUSE
from deploy.local.sockets import port_of
from deploy.local.state import ReplicaState, ServiceState
from deploy.local.table import ServiceSpec

FIRST_PAUSE = 0.2
STEADY_SECONDS = 60.0
"""A replica that has lived this long is trusted again: its next restart is quick."""


@dataclass
class Replica:
    """One process of a service; times are monotonic seconds but for `started_at` (since the epoch)."""

    spec: ServiceSpec
    pid: int | None = None
    started: float = 0.0
    started_at: float = 0.0
    restarts: int = 0
    pause: float = FIRST_PAUSE
    due: float = 0.0


class Fleet:
    """All replicas, which serve once `gate` has been opened.

    `environment` gives the variables of a service's processes; `logs` is the folder of the logs. `longest_pause` is the
    most seconds that a service which dies again and again has to wait.
    """

    def __init__(
        self,
        specs: Sequence[ServiceSpec],
        scale: Mapping[str, int],
        sockets: Mapping[str, socket.socket],
        environment: Callable[[ServiceSpec], Mapping[str, str]],
        logs: Path,
        longest_pause: float = LONGEST_PAUSE,
    ) -> None:
        self._longest_pause = longest_pause
        self.gate = replica.Gate()
        self._sockets = sockets
        self._environment = environment
        self._logs = logs
        self._replicas = [Replica(spec) for spec in specs for _ in range(scale[spec.name])]

    def tick(self) -> list[str]:
        """Collect the dead, start whoever is due; what there is to report, one line each."""
        now = time.monotonic()
        news = []
        for one in self._replicas:
            ended = self._collect(one)
            if ended is not None:
                if now - one.started >= STEADY_SECONDS:
                    one.pause = FIRST_PAUSE
                one.restarts += 1
                one.due = now + one.pause
                news.append(f"{one.spec.name} ended ({ended}), starts again in {one.pause:.1f} s")
                one.pause = min(one.pause * 2, self._longest_pause)
            if one.pid is None and now >= one.due:
                self._fork(one)
        return news

    def next_due(self) -> float:
        """Seconds until a replica is to be started again; infinite if none is."""
        due = [one.due for one in self._replicas if one.pid is None]
        return max(0.0, min(due) - time.monotonic()) if due else float("inf")

    def restarts(self, service: str) -> int:
        """How often replicas of the service have been started again."""
        return sum(one.restarts for one in self._replicas if one.spec.name == service)

    def addresses(self) -> dict[str, tuple[str, int]]:
        """Host and port each service listens on."""
        return {name: sock.getsockname()[:2] for name, sock in self._sockets.items()}

    def log(self, service: str) -> Path:
        """The log of all replicas of a service."""
        return self._logs / f"{service}.log"

    def state(self) -> dict[str, ServiceState]:
        """What runs now, for the state file."""
        services = {name: ServiceState(port_of(sock)) for name, sock in self._sockets.items()}
        for one in self._replicas:
            if one.pid is not None:
                found = ReplicaState(one.pid, one.started_at, one.restarts)
                services[one.spec.name].replicas.append(found)
        return services

    def stop(self, seconds: float, wait: Callable[[float], None], hurry: Callable[[], bool]) -> None:
        """SIGTERM to all, and SIGKILL to those still there after `seconds`, or at once when `hurry()` is true."""
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while self._alive() and time.monotonic() < deadline and not hurry():
            wait(0.1)
        self._signal_all(signal.SIGKILL)
        while self._alive():
            wait(0.1)

    def _alive(self) -> bool:
        for one in self._replicas:
            self._collect(one)
        return any(one.pid is not None for one in self._replicas)

    def _signal_all(self, number: signal.Signals) -> None:
        for one in self._replicas:
            if one.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one.pid, number)

    def _fork(self, one: Replica) -> None:
        own = self._sockets[one.spec.name]
        others = [sock for sock in self._sockets.values() if sock is not own]
        env = self._environment(one.spec)
        one.pid = replica.fork(lambda: replica.serve(one.spec, own, others, env, self.gate), self.log(one.spec.name))
        one.started, one.started_at = time.monotonic(), time.time()

    @staticmethod
    def _collect(one: Replica) -> str | None:
        """How the replica's process ended, if it has."""
        if one.pid is None:
            return None
        pid, status = os.waitpid(one.pid, os.WNOHANG)
        if pid == 0:
            return None
        one.pid = None
        code = os.waitstatus_to_exitcode(status)
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
