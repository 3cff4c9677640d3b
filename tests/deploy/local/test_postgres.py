"""Roles reach their own database and nothing else, and the server keeps personal data out of its log."""

import pytest

from deploy.local.servers import SERVICES, LocalServers
from tests.deploy.local.sql import execute


def on_database(url: str, database: str) -> str:
    """The same credentials, another database."""
    before, after = url.split("?")
    return f"{before.rsplit('/', 1)[0]}/{database}?{after}"


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_logs_in_as_itself_with_scram_and_owns_its_database(servers: LocalServers, service: str) -> None:
    url = servers.database_url(service)
    assert execute(url, "SELECT current_user || '/' || current_database()") == [f"{service}/{service}"]
    execute(url, "CREATE TABLE IF NOT EXISTS owned (id int)")
    stored = execute(servers.admin_database_url, f"SELECT rolpassword FROM pg_authid WHERE rolname = '{service}'")
    assert stored[0].startswith("SCRAM-SHA-256$")


def test_intakes_credentials_on_routings_database_are_refused(servers: LocalServers) -> None:
    for database in ("routing", "postgres", "template1"):
        with pytest.raises(Exception, match=r"no pg_hba.conf entry|permission denied"):
            execute(on_database(servers.database_url("intake"), database), "SELECT 1")


def test_connect_is_revoked_from_everyone_else_also_without_the_host_rules(servers: LocalServers) -> None:
    for database in (*SERVICES, "postgres", "template1"):
        others = [service for service in SERVICES if service != database]
        for service in others:
            question = f"SELECT has_database_privilege('{service}', '{database}', 'CONNECT')"
            assert execute(servers.admin_database_url, question) == [False]


def test_a_wrong_password_is_refused_for_services_and_superuser(servers: LocalServers) -> None:
    for url in (servers.database_url("intake"), servers.admin_database_url):
        user = url.split("//")[1].split(":")[0]
        wrong = f"postgresql+asyncpg://{user}:wrong@{url.split('@')[1]}"
        with pytest.raises(Exception, match=r"password authentication failed"):
            execute(wrong, "SELECT 1")


def test_a_service_role_has_no_power_over_the_server(servers: LocalServers) -> None:
    for statement in ("CREATE ROLE other", "COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_reload_conf()"):
        with pytest.raises(Exception, match=r"permission denied"):
            execute(servers.database_url("scoring"), statement)
    powers = "rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls"
    powerful = execute(servers.admin_database_url, f"SELECT rolname FROM pg_roles WHERE {powers}")
    assert powerful == ["postgres"]


def test_commits_are_on_disk_before_they_are_answered(servers: LocalServers) -> None:
    expected = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "jit": "off",
        "max_connections": "100",
        "listen_addresses": "",
        "data_checksums": "on",
    }
    for name, value in expected.items():
        assert execute(servers.admin_database_url, f"SHOW {name}") == [value]


def test_an_error_log_holds_neither_statement_nor_values(servers: LocalServers) -> None:
    url = servers.database_url("notify")
    execute(url, "CREATE TABLE people (phone text PRIMARY KEY)")
    execute(url, "INSERT INTO people VALUES ('13800138000')")
    with pytest.raises(Exception, match=r"duplicate key"):
        execute(url, "INSERT INTO people VALUES ('13800138000')")
    log = (servers.data / "logs" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "13800138000" not in log
