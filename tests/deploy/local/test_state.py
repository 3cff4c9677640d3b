"""The state file: read back as written, and never believed when its parent is gone."""

import os
import time
from pathlib import Path

import psutil

from deploy.local.state import ReplicaState, ServiceState, SuiteState, read_state, remove_state, running, state_file, write_state


def a_state(pid: int, created: float) -> SuiteState:
    """A state as a run writes it."""
    services = {"routing": ServiceState(9001, [ReplicaState(pid, 1.0), ReplicaState(pid, 2.0, 3)])}
    return SuiteState(pid, created, time.time(), "320412", "http://127.0.0.1:8080", "https://x.example", "nats://x", services=services)


def test_a_state_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    state = a_state(os.getpid(), psutil.Process().create_time())
    write_state(tmp_path, state)
    assert read_state(tmp_path) == state
    assert running(tmp_path) == state
    remove_state(tmp_path)
    assert read_state(tmp_path) is None


def test_a_pid_that_has_passed_to_another_process_is_not_the_parent(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    write_state(tmp_path, a_state(os.getpid(), psutil.Process().create_time() - 3600))
    assert read_state(tmp_path) is not None
    assert running(tmp_path) is None


def test_a_damaged_state_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for text in ("", "[]", "{}", '{"services": {"a": {}}}'):
        state_file(tmp_path).write_text(text)
        assert read_state(tmp_path) is None
