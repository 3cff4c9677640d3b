"""What can be wrong at start: each case gets one message in two languages that says what to do, and exit code 2."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import checks
from deploy.local.errors import LocalError
from deploy.local.servers import LocalServers
from tests.deploy.local.running import Runs, free_port, run_in


@pytest.fixture
def runs() -> Iterator[Runs]:
    """Runs on one fresh data folder."""
    with run_in("error") as runs:
        yield runs


def refused(runs: Runs, **env: str) -> str:
    """What a start says that ends with code 2 and leaves nothing running."""
    run = runs.start(**env)
    output = " ".join(run.finish().split())
    assert run.process.returncode == 2, output
    assert "Traceback" not in output
    assert LocalServers(runs.data).nats_pid is None
    assert any("一" <= letter <= "鿿" for letter in output)
    return output


def test_a_taken_port_is_named_with_its_owner_and_the_setting(runs: Runs) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", runs.port))
        taken.listen()
        output = refused(runs)
    assert f"Port {runs.port} (gateway) is taken by" in output
    assert f"(pid {os.getpid()})" in output
    assert "LIANXIN_PORT=" in output


def test_an_address_that_is_not_ours_names_the_setting(runs: Runs) -> None:
    assert "LIANXIN_HOST" in refused(runs, LIANXIN_HOST="203.0.113.7")


def test_a_folder_of_a_newer_suite_is_refused(runs: Runs) -> None:
    runs.data.mkdir()
    (runs.data / "VERSION").write_text("99\n")
    assert "newer version" in refused(runs)


def test_a_folder_of_an_older_suite_is_refused(runs: Runs) -> None:
    runs.data.mkdir()
    (runs.data / "VERSION").write_text("0\n")
    output = refused(runs)
    assert "older version" in output
    assert "LIANXIN_DATA" in output


def test_a_folder_without_a_version_but_with_data_is_refused(runs: Runs) -> None:
    (runs.data / "postgres").mkdir(parents=True)
    assert "older version" in refused(runs)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://root@127.0.0.1/x", "must read postgresql://"),
        ("postgresql://lianxin:hidden@127.0.0.1:{port}/postgres", "onnection refused"),
        ("postgresql://{{service}}:hidden@127.0.0.1:{port}/{{service}}", "onnection refused"),
    ],
)
def test_a_wrong_database_url_is_named_without_its_password(runs: Runs, url: str, says: str) -> None:
    output = refused(runs, LIANXIN_DATABASE_URL=url.format(port=free_port()))
    assert "LIANXIN_DATABASE_URL" in output
    assert says in output
    assert "hidden" not in output


def test_a_nats_url_where_nobody_answers_is_named(runs: Runs) -> None:
    output = refused(runs, LIANXIN_NATS_URL=f"nats://user:hidden@127.0.0.1:{free_port()}")
    assert "LIANXIN_NATS_URL" in output
    assert "no server answers" in output
    assert "hidden" not in output


def test_something_else_at_the_nats_url_is_named(runs: Runs) -> None:
    with subprocess.Popen(["python3", "-m", "http.server", str(port := free_port()), "--bind", "127.0.0.1"]) as other:
        try:
            output = refused(runs, LIANXIN_NATS_URL=f"nats://127.0.0.1:{port}")
        finally:
            other.kill()
    assert "LIANXIN_NATS_URL" in output


@pytest.mark.parametrize("scale", ["routing=0", "routing=17", "nobody=2", "routing"])
def test_a_scale_that_makes_no_sense_is_explained(runs: Runs, scale: str) -> None:
    run = runs.start(scale)
    assert f'SCALE="{scale}" is not understood' in run.finish()
    assert run.process.returncode == 2


def test_a_setting_of_the_wrong_kind_is_named(runs: Runs) -> None:
    assert "LIANXIN_PORT" in refused(runs, LIANXIN_PORT="many")


def test_a_data_folder_that_cannot_be_made_is_named(runs: Runs) -> None:
    assert "LIANXIN_DATA" in refused(runs, LIANXIN_DATA="/proc/lianxin")


def test_a_nearly_full_disk_is_refused(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    checks.check_disk(tmp_path, needed=1)
    with pytest.raises(LocalError, match=r"MB are free .* LIANXIN_DATA") as error:
        checks.check_disk(tmp_path, needed=free * 2)
    assert "磁盘" in error.value.chinese


def test_a_new_folder_is_marked_with_the_layout_and_accepted_again(tmp_path: Path) -> None:
    checks.check_layout(tmp_path)
    checks.check_layout(tmp_path)
    assert (tmp_path / "VERSION").read_text() == f"{checks.LAYOUT}\n"
