"""Servers that are not ours: an administrator's URL makes what is missing, a URL per service is taken as it is."""

import os
from pathlib import Path

import pytest

from deploy.local.credentials import Credentials
from deploy.local.errors import LocalError
from deploy.local.external import ExternalBus, ExternalDatabases, nats_users
from deploy.local.nats_server import server_program
from deploy.local.processes import wait_until
from deploy.local.servers import LocalServers
from tests.deploy.local.sql import execute


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    """Secrets of a run that uses servers of somebody else."""
    (tmp_path / "secrets").mkdir()
    return Credentials(tmp_path / "secrets")


@pytest.fixture
def administrator(own_servers: LocalServers) -> str:
    """URL of somebody who may make roles and databases but is no superuser, on a server that lets roles in anywhere."""
    own_servers.start()
    hba = own_servers.postgres.folder / "pg_hba.conf"
    hba.write_text("local all all scram-sha-256\n")
    execute(own_servers.admin_database_url, "CREATE ROLE boss LOGIN CREATEROLE CREATEDB PASSWORD 'p@ss/word'")
    execute(own_servers.admin_database_url, "GRANT CONNECT ON DATABASE postgres TO boss")
    execute(own_servers.admin_database_url, "SELECT pg_reload_conf()")
    return own_servers.admin_database_url.replace("+asyncpg", "").replace(
        f"postgres:{own_servers.credentials.password('postgres')}", "boss:p%40ss%2Fword"
    )


def test_an_administrator_who_is_no_superuser_is_enough(administrator: str, credentials: Credentials, tmp_path: Path) -> None:
    databases = ExternalDatabases(administrator, tmp_path, credentials, ("alpha", "beta"))
    databases.start()
    databases.start()
    for role in ("alpha", "beta"):
        assert execute(databases.url(role), "SELECT current_user || '/' || current_database()") == [f"{role}/{role}"]
        execute(databases.url(role), "CREATE TABLE kept (id int)")
    with pytest.raises(Exception, match="permission denied for database"):
        execute(databases.url("alpha").replace("/alpha?", "/beta?"), "SELECT 1")
    databases.stop()
    assert execute(databases.url("alpha"), "SELECT 1") == [1]


def test_a_url_per_service_is_taken_as_it_is(administrator: str, credentials: Credentials, tmp_path: Path) -> None:
    made = ExternalDatabases(administrator, tmp_path, credentials, ("alpha",))
    made.start()
    template = made.url("alpha").replace("alpha", "{service}").replace("+asyncpg", "")
    databases = ExternalDatabases(template, tmp_path, credentials, ("alpha",))
    databases.start()
    assert execute(databases.url("alpha"), "SELECT 1") == [1]
    with pytest.raises(LocalError, match="LIANXIN_DATABASE_URL") as error:
        ExternalDatabases(template, tmp_path, credentials, ("gamma",)).start()
    assert credentials.password("alpha") not in str(error.value)


def test_a_bus_with_jetstream_is_accepted_and_one_without_is_not(servers: LocalServers, own_servers: LocalServers) -> None:
    ExternalBus(servers.nats_url).start()
    ExternalBus(f"nats://127.0.0.1:1,{servers.nats_url}").start()
    own_servers.start()
    own_servers.nats.stop()
    config = own_servers.data / "run" / "nats.conf"
    plain = own_servers.data / "run" / "plain.conf"
    plain.write_text(f'{{"listen": "127.0.0.1:{own_servers.nats.port}"}}')
    os.replace(plain, config)
    own_servers.nats.daemon.launch([server_program(), "-c", str(config)], cwd=own_servers.data)

    def complaint() -> str:
        with pytest.raises(LocalError) as error:
            ExternalBus(own_servers.nats_url).start()
        return str(error.value)

    assert wait_until(lambda: "has no JetStream" in complaint(), 10, 0.05)


def test_the_users_for_an_external_bus_hold_public_keys_only(tmp_path: Path, credentials: Credentials) -> None:
    printed = nats_users(tmp_path, "320412")
    assert credentials.public_key("routing") in printed
    assert credentials.seed("routing") not in printed
    assert '"lx.320412.routing.>"' in printed
