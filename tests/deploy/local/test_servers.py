"""The embedded servers as a pair: data outlives every kind of end, and no process outlives `stop`."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest
from nats.errors import TimeoutError as NatsTimeout

from deploy.local.processes import wait_until
from deploy.local.servers import SERVICES, LocalServers
from tests.deploy.folders import PROJECT, data_folder
from tests.deploy.local.bus import connect
from tests.deploy.local.sql import execute


def write_everywhere(servers: LocalServers) -> None:
    """One row in routing's database and one message in the stream."""
    execute(servers.database_url("routing"), "CREATE TABLE kept (id int)")
    execute(servers.database_url("routing"), "INSERT INTO kept VALUES (42)")

    async def publish() -> None:
        client = await connect(servers, "operator")
        await client.jetstream().add_stream(name="EVENTS", subjects=[f"lx.{servers.site}.>"])
        await client.jetstream().publish(f"lx.{servers.site}.routing.kept.v1.core", b"42")
        await client.close()

    asyncio.run(publish())


def assert_written_everywhere(servers: LocalServers) -> None:
    """What `write_everywhere` wrote is there."""
    assert execute(servers.database_url("routing"), "SELECT id FROM kept") == [42]

    async def read() -> bytes | None:
        client = await connect(servers, "operator")
        message = await client.jetstream().get_msg("EVENTS", 1)
        await client.close()
        return message.data

    assert asyncio.run(read()) == b"42"


def processes_of(folder: Path) -> list[str]:
    """Command lines of all processes that name the data folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any(str(folder) in word for word in words) and process.pid != os.getpid():
            found.append(" ".join(words))
    return found


def test_data_survives_a_restart_and_the_addresses_stay_the_same(own_servers: LocalServers) -> None:
    own_servers.start()
    write_everywhere(own_servers)
    before = (own_servers.nats_url, [own_servers.database_url(service) for service in SERVICES])
    own_servers.stop()

    again = LocalServers(own_servers.data, own_servers.site)
    again.start()
    try:
        assert_written_everywhere(again)
        assert (again.nats_url, [again.database_url(service) for service in SERVICES]) == before
    finally:
        again.stop()


def test_stop_leaves_no_process_behind(own_servers: LocalServers) -> None:
    own_servers.start()
    pids = [own_servers.nats_pid, own_servers.postgres_pid]
    assert len(processes_of(own_servers.data)) >= 2

    own_servers.stop()

    assert processes_of(own_servers.data) == []
    assert not any(pid and psutil.pid_exists(pid) for pid in pids)
    assert own_servers.nats_pid is None
    assert own_servers.postgres_pid is None


def test_stopping_twice_or_before_a_start_does_nothing(own_servers: LocalServers) -> None:
    own_servers.stop()
    own_servers.stop()


def test_a_second_start_changes_nothing(own_servers: LocalServers) -> None:
    own_servers.start()
    before = (own_servers.nats_pid, own_servers.postgres_pid)
    own_servers.start()
    assert (own_servers.nats_pid, own_servers.postgres_pid) == before


def test_start_after_kill_9_of_both_brings_back_all_that_was_acknowledged(own_servers: LocalServers) -> None:
    own_servers.start()
    write_everywhere(own_servers)
    own_servers.kill_nats()
    own_servers.kill_postgres()
    assert own_servers.nats_pid is None
    assert own_servers.postgres_pid is None

    own_servers.start()

    assert_written_everywhere(own_servers)


def test_servers_left_behind_by_another_parent_are_taken_over_and_stopped(own_servers: LocalServers) -> None:
    script = "import sys; from pathlib import Path; from deploy.local.servers import LocalServers; LocalServers(Path(sys.argv[1])).start()"
    subprocess.run([sys.executable, "-c", script, str(own_servers.data)], cwd=PROJECT, check=True)
    left = (own_servers.nats_pid, own_servers.postgres_pid)
    assert all(left)

    own_servers.start()
    assert (own_servers.nats_pid, own_servers.postgres_pid) == left
    write_everywhere(own_servers)
    own_servers.stop()

    assert processes_of(own_servers.data) == []


def test_tied_servers_end_when_their_parent_is_killed(own_servers: LocalServers) -> None:
    script = (
        "import sys, signal; from pathlib import Path; from deploy.local.servers import LocalServers; "
        "LocalServers(Path(sys.argv[1])).start(tied=True); print('up', flush=True); signal.pause()"
    )
    command = [sys.executable, "-c", script, str(own_servers.data)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        parent.kill()
    assert wait_until(lambda: not own_servers.nats_pid and not own_servers.postgres_pid, 10)


def test_a_stale_pid_that_now_belongs_to_a_stranger_is_left_alone(own_servers: LocalServers) -> None:
    own_servers.start()
    own_servers.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (own_servers.data / "run" / "nats.json").write_text(f'{{"pid": {stranger.pid}}}')
        (own_servers.data / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n")
        own_servers.stop()
        assert stranger.poll() is None
        own_servers.start()
        assert stranger.poll() is None
        stranger.kill()


def test_a_paused_server_answers_nobody_until_it_is_resumed(own_servers: LocalServers) -> None:
    own_servers.start()

    async def answers() -> bool:
        connection = await asyncpg.connect(own_servers.database_url("routing").replace("+asyncpg", ""))
        client = await connect(own_servers, "operator")
        own_servers.pause_nats()
        own_servers.pause_postgres()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.fetchval("SELECT 1"), 0.3)
        with pytest.raises(NatsTimeout):
            await client.flush(1)
        own_servers.resume_nats()
        own_servers.resume_postgres()
        await client.close()
        connection.terminate()
        return True

    assert asyncio.run(answers())
    assert execute(own_servers.database_url("routing"), "SELECT 1") == [1]


def test_paused_servers_can_be_stopped(own_servers: LocalServers) -> None:
    own_servers.start()
    own_servers.pause_nats()
    own_servers.pause_postgres()
    own_servers.stop()
    assert processes_of(own_servers.data) == []


def test_each_server_restarts_alone_on_its_address(own_servers: LocalServers) -> None:
    own_servers.start()
    url, pids = own_servers.nats_url, (own_servers.nats_pid, own_servers.postgres_pid)
    own_servers.restart_nats()
    assert own_servers.nats_url == url
    assert own_servers.nats_pid != pids[0]
    assert own_servers.postgres_pid == pids[1]
    own_servers.restart_postgres()
    assert own_servers.postgres_pid != pids[1]
    write_everywhere(own_servers)


def test_servers_on_a_fresh_folder_make_all_that_they_need_and_keep_it() -> None:
    with data_folder("fresh") as folder:
        servers = LocalServers(folder)
        try:
            servers.start()
            write_everywhere(servers)
            servers.stop()
            servers.start()
            assert_written_everywhere(servers)
        finally:
            servers.stop()


def test_a_data_path_too_long_for_a_socket_works_through_a_private_folder() -> None:
    with data_folder("long") as folder:
        servers = LocalServers(folder / ("x" * 110))
        try:
            servers.start()
            assert execute(servers.database_url("intake"), "SELECT 1") == [1]
            assert servers.postgres.socket_folder.stat().st_mode & 0o777 == 0o700
        finally:
            servers.stop()
            servers.postgres.socket_folder.rmdir()


def test_secrets_are_readable_by_their_owner_only(servers: LocalServers) -> None:
    secrets = servers.data / "secrets"
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o600}
    assert (servers.data / "run" / "nats.conf").stat().st_mode & 0o777 == 0o600


def test_a_service_without_a_database_has_no_database_url(servers: LocalServers) -> None:
    with pytest.raises(KeyError):
        servers.database_url("gateway")


def test_a_terminating_signal_can_be_sent_to_nats_alone(own_servers: LocalServers) -> None:
    own_servers.start()
    own_servers.kill_nats(signal.SIGTERM)
    assert wait_until(lambda: own_servers.nats_pid is None, 5)
    own_servers.start()
    assert own_servers.nats_pid
