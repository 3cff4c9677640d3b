"""Logs, waiting, and telling our processes from strangers."""

import os
import subprocess
from pathlib import Path

import pytest

from deploy.local import processes
from deploy.local.credentials import write_private
from deploy.local.processes import Daemon, find_process, open_log, tail, trim_log, wait_until


def test_a_log_is_private_and_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "a.log"
    for word in (b"one\n", b"two\n"):
        descriptor = open_log(path)
        os.write(descriptor, word)
        os.close(descriptor)
    assert path.read_text() == "one\ntwo\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_log_that_has_grown_too_long_is_set_aside_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOG_LIMIT", 3)
    path = tmp_path / "a.log"
    path.write_text("long")
    os.close(open_log(path))
    assert path.read_text() == ""
    assert (tmp_path / "a.log.1").read_text() == "long"


def test_a_log_in_use_is_cut_and_its_writer_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOG_LIMIT", 3)
    path = tmp_path / "a.log"
    descriptor = open_log(path)
    os.write(descriptor, b"before")
    trim_log(path)
    os.write(descriptor, b"ok")
    trim_log(path)
    os.close(descriptor)
    assert path.read_text() == "ok"
    assert (tmp_path / "a.log.1").read_text() == "before"
    assert (tmp_path / "a.log.1").stat().st_mode & 0o777 == 0o600


def test_the_tail_of_a_log_is_short(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("\n".join(f"{number} " + "x" * 1000 for number in range(50)))
    lines = tail(path).splitlines()
    assert [line.split()[0] for line in lines] == ["45", "46", "47", "48", "49"]
    assert max(map(len, lines)) == 400
    assert tail(tmp_path / "missing") == ""


def test_a_process_is_ours_only_if_its_command_line_says_so() -> None:
    with subprocess.Popen(["sleep", "30"]) as child:
        # For a moment after its start the system does not know the command line yet.
        assert wait_until(lambda: find_process(child.pid, "30") is not None, 5)
        assert find_process(child.pid, "3") is None
        child.kill()
    assert find_process(child.pid, "30") is None
    assert find_process(None, "30") is None


def test_waiting_ends_with_the_time() -> None:
    assert wait_until(lambda: True, 0)
    assert not wait_until(lambda: False, 0.02)


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_private(path, "one")
    write_private(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_daemon_that_ended_is_known_to_have_ended_also_after_somebody_asked_for_its_pid(tmp_path: Path) -> None:
    daemon = Daemon("false", tmp_path / "false.log", "no-such-marker", lambda: None)
    assert not daemon.exited()
    daemon.launch(["false"], cwd=tmp_path)
    assert wait_until(lambda: daemon.pid is None, 5)
    assert daemon.exited(), "or its start would be waited for to no end"
