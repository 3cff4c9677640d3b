"""`<data>/run/state.json`: what runs where, written by the parent for `stop`, `status` and the tests."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from deploy.local.checks import RunLock
from deploy.local.credentials import write_private


@dataclass
class ReplicaState:
    """One process of a service; times are seconds since the epoch."""

    pid: int
    started_at: float
    restarts: int = 0


@dataclass
class ServiceState:
    """One service: the port all its replicas share on 127.0.0.1 (the gateway: LIANXIN_HOST), and the replicas."""

    port: int
    replicas: list[ReplicaState] = field(default_factory=list)


@dataclass
class SuiteState:
    """A run of the suite. `created` is the parent's creation time as the system knows it, against reused pids."""

    pid: int
    created: float
    started_at: float
    site: str
    url: str
    public_url: str
    nats_url: str
    postgres_pid: int | None = None
    nats_pid: int | None = None
    ready: bool = False
    services: dict[str, ServiceState] = field(default_factory=dict)


def state_file(data: Path) -> Path:
    """Where the state of the suite on `data` is kept."""
    return data / "run" / "state.json"


def write_state(data: Path, state: SuiteState) -> None:
    """Replace the state at once; readers see the old or the new one."""
    write_private(state_file(data), json.dumps(asdict(state), indent=2) + "\n")


def remove_state(data: Path) -> None:
    """Nothing runs any more."""
    state_file(data).unlink(missing_ok=True)


def read_state(data: Path) -> SuiteState | None:
    """The last state written, whether or not its processes still live; None if there is none."""
    try:
        found = json.loads(state_file(data).read_text())
        services = {
            name: ServiceState(value["port"], [ReplicaState(**replica) for replica in value["replicas"]])
            for name, value in found.pop("services").items()
        }
        return SuiteState(**found, services=services)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def running(data: Path) -> SuiteState | None:
    """The state if the suite's parent process lives, else None."""
    state = read_state(data)
    return state if state is not None and parent_process(data, state) is not None else None


def parent_process(data: Path, state: SuiteState) -> psutil.Process | None:
    """The parent named in the state if it lives and really is the one that wrote it."""
    try:
        process = psutil.Process(state.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        # Creation times move when the machine's clock is set; the lock then still tells that a parent lives.
        ours = abs(process.create_time() - state.created) < 1 or RunLock.is_held(data)
    except psutil.Error:
        return None
    return process if ours else None
