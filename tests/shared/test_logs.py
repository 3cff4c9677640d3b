"""Logs must never be the reason that work fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from shared.logs import Lines
from shared.settings import ROOT

_LOGS = "import structlog; from shared import logs; logs.configure('x', 'INFO'); [structlog.get_logger().info('hm') for _ in range(9)]"


def test_a_line_that_finds_no_room_is_counted_and_said_when_there_is_room_again(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with Path("/dev/full").open("wb", buffering=0) as full, path.open("wb") as free:
        lines = Lines(full)
        lines.write(b"lost\n")
        lines.write(b"lost too\n")
        assert lines.lost == 2
        os.dup2(free.fileno(), full.fileno())
        lines.write(b"kept\n")
    cut, first, second = path.read_text("utf-8").splitlines()
    assert json.loads(first) == {"event": "log_lines_lost", "number": 2, "level": "warning"}
    assert (cut, second) == ("", "kept")


def test_a_process_whose_log_is_on_a_full_disk_goes_on_and_ends_well() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", _LOGS], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stderr
