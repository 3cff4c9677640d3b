"""A whole run with small services and real servers: start, share, restart, stop, and what a kill leaves behind."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
from collections.abc import Iterator
from http.client import RemoteDisconnected
from pathlib import Path

import pytest

from deploy.local.checks import LAYOUT
from deploy.local.processes import wait_until
from deploy.local.servers import LocalServers
from deploy.local.state import running
from tests.deploy.folders import PROJECT
from tests.deploy.local.running import FakeRun, Runs, gone, run_in


@pytest.fixture
def runs(template: Path) -> Iterator[Runs]:
    """Runs on one data folder that has seen a first start."""
    with run_in("run", template) as runs:
        yield runs


def test_a_run_on_a_fresh_folder_makes_all_that_it_needs() -> None:
    with run_in("first") as runs:
        run = runs.start()
        run.wait_ready()
        assert (runs.data / "VERSION").read_text() == f"{LAYOUT}\n"
        assert "PostgreSQL" in run.finish(signal.SIGTERM)


@pytest.fixture(scope="module")
def steady(template: Path) -> Iterator[FakeRun]:
    """One run with three replicas of routing, for tests that only look at it."""
    with run_in("steady", template) as runs:
        run = runs.start("routing=3")
        run.wait_ready()
        yield run


def test_each_service_gets_its_own_credentials(steady: FakeRun) -> None:
    state, servers = steady.state(), LocalServers(steady.data)
    routing = steady.ask("routing")["environment"]
    assert routing["LIANXIN_SERVICE"] == "routing"
    assert routing["LIANXIN_DATABASE_URL"] == servers.database_url("routing")
    assert routing["LIANXIN_NATS_SEED"] == servers.nats_seed("routing")
    assert routing["LIANXIN_NATS_URL"] == state.nats_url
    assert routing["LIANXIN_SITE"] == "320412"
    assert routing["LIANXIN_PROFILE"].endswith("deploy/profiles/wujin.yaml")
    assert routing["LIANXIN_MASTER_KEY"] != steady.ask("intake")["environment"]["LIANXIN_MASTER_KEY"]
    gateway = steady.ask("gateway")["environment"]
    assert "LIANXIN_DATABASE_URL" not in gateway
    assert "LIANXIN_MASTER_KEY" not in gateway
    expected = {name: f"http://127.0.0.1:{state.services[name].port}" for name in ("intake", "routing")}
    assert json.loads(gateway["LIANXIN_UPSTREAMS"]) == expected


def test_the_tables_are_prepared_before_the_services_by_a_parent_without_threads(steady: FakeRun) -> None:
    note = json.loads((steady.data / "prepared.json").read_text())
    assert set(note["databases"]) == {"intake", "routing"}
    assert note["threads"] == 1
    assert note["events"] > 32 * 1024**2


def test_replicas_share_one_port_and_all_answer(steady: FakeRun) -> None:
    services = steady.state().services
    assert [len(services[name].replicas) for name in ("intake", "routing", "gateway")] == [1, 3, 1]
    seen: set[int] = set()

    def several_answer() -> bool:
        seen.add(steady.ask("routing")["pid"])
        return len(seen) >= 2

    assert wait_until(several_answer, 20)


def test_a_second_start_says_where_it_already_runs(steady: FakeRun) -> None:
    second = FakeRun(steady.data, steady.port)
    assert f"Already running at 已在运行: http://127.0.0.1:{steady.port}" in second.finish()
    assert second.process.returncode == 0


def test_logs_and_state_are_for_their_owner_only(steady: FakeRun) -> None:
    for path in [*(steady.data / "logs").iterdir(), steady.data / "run" / "state.json"]:
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_a_run_stops_in_order_and_without_a_trace(runs: Runs) -> None:
    run = runs.start()
    run.wait_ready()
    pids = run.pids()
    output = run.finish(signal.SIGTERM)
    assert run.process.returncode == 0, output
    assert gone(pids)
    assert running(runs.data) is None
    assert f"http://127.0.0.1:{runs.port}" in output
    assert "lifespan ended" in (runs.data / "logs" / "routing.log").read_text()


def test_a_service_that_dies_is_started_again(runs: Runs) -> None:
    run = runs.start()
    run.wait_ready()
    before = run.ask("intake")["pid"]
    os.kill(before, signal.SIGKILL)
    assert wait_until(lambda: run.ask("intake")["pid"] != before, 15)
    assert wait_until(lambda: [one.restarts for one in run.state().services["intake"].replicas] == [1], 5)
    with pytest.raises((RemoteDisconnected, urllib.error.URLError, ConnectionError)):
        run.ask("intake", "/crash")
    assert wait_until(lambda: len(run.state().services["intake"].replicas) == 1 and bool(run.ask("intake")), 15)
    assert "intake ended (SIGKILL)" in run.finish(signal.SIGTERM)


def test_a_server_that_dies_is_started_again(runs: Runs) -> None:
    run = runs.start()
    state = run.wait_ready()
    assert state.nats_pid
    assert state.postgres_pid
    os.kill(state.nats_pid, signal.SIGKILL)
    os.kill(state.postgres_pid, signal.SIGKILL)
    assert wait_until(lambda: run.state().nats_pid not in (None, state.nats_pid), 20)
    assert wait_until(lambda: run.state().postgres_pid not in (None, state.postgres_pid), 20)
    assert run.state().nats_url == state.nats_url


def test_killing_the_parent_leaves_no_process_and_the_next_start_works(runs: Runs) -> None:
    run = runs.start()
    run.wait_ready()
    pids = run.pids()
    run.process.kill()
    assert wait_until(lambda: gone(pids), 15)
    again = runs.start()
    again.wait_ready()
    assert again.ask("routing")["pid"] not in pids


def test_ports_and_data_stay_the_same_over_a_restart(runs: Runs) -> None:
    first = runs.start()
    before = first.wait_ready()
    first.finish(signal.SIGINT)
    after = runs.start().wait_ready()
    assert {name: one.port for name, one in after.services.items()} == {name: one.port for name, one in before.services.items()}
    assert after.nats_url == before.nats_url


def test_stop_from_elsewhere_ends_everything(runs: Runs) -> None:
    run = runs.start()
    run.wait_ready()
    pids = run.pids()
    assert stop(runs) == "Stopped 已停止"
    assert gone([pid for pid in pids if pid != run.process.pid])
    assert run.finish()
    assert run.process.returncode == 0
    assert stop(runs) == "Nothing was running 没有在运行"


def test_stop_also_ends_servers_that_a_killed_parent_has_left(runs: Runs) -> None:
    servers = LocalServers(runs.data)
    servers.start()
    left = [pid for pid in (servers.nats_pid, servers.postgres_pid) if pid]
    assert stop(runs) == "Stopped 已停止"
    assert servers.nats_pid is None
    assert gone(left)


def stop(runs: Runs) -> str:
    """`make stop` on the folder; what it says."""
    command = [sys.executable, "-m", "deploy.local", "stop"]
    env = {**os.environ, "LIANXIN_DATA": str(runs.data)}
    return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=True, timeout=180).stdout.strip()


def test_a_request_to_stop_during_the_start_is_heeded(runs: Runs) -> None:
    run = runs.start()
    assert wait_until((runs.data / "run" / "state.json").exists, 30)
    run.finish(signal.SIGINT)
    assert run.process.returncode == 0
    assert LocalServers(runs.data).postgres_pid is None


def test_a_service_that_cannot_start_is_named_with_its_last_words(runs: Runs) -> None:
    run = runs.start(FAKE_BROKEN="routing")
    output = run.finish()
    assert run.process.returncode == 2
    assert "The service routing does not start" in output
    assert "broken on purpose" in output
    assert LocalServers(runs.data).nats_pid is None


def test_tables_that_cannot_be_made_are_reported(runs: Runs) -> None:
    run = runs.start(FAKE_PREPARE="fails")
    assert "no table today" in run.finish()
    assert run.process.returncode == 2


def test_a_second_request_to_stop_does_not_wait_for_a_service_that_hangs(runs: Runs) -> None:
    run = runs.start()
    run.wait_ready()
    hanging = run.ask("routing")["pid"]
    os.kill(hanging, signal.SIGSTOP)
    pids = run.pids()
    run.process.send_signal(signal.SIGINT)
    assert wait_until(lambda: gone([run.state().services["intake"].replicas[0].pid]), 8)
    run.process.send_signal(signal.SIGINT)
    assert wait_until(lambda: run.process.poll() is not None, 5)
    assert gone(pids)
