"""What each service is told: its own secrets only, and a share of the connections that the server can bear."""

import json

import pytest

from deploy.local.backends import Backends
from deploy.local.environment import CONNECTIONS, Environment
from deploy.local.errors import LocalError
from deploy.local.servers import LocalServers
from deploy.local.settings import RunSettings
from deploy.local.table import SUITE, ServiceSpec

SPECS = {spec.name: spec for spec in SUITE}
PORTS = {name: 9000 + number for number, name in enumerate(SPECS)}


def environment(servers: LocalServers, replicas: int) -> Environment:
    """The environment of a run on these servers' data folder."""
    settings = RunSettings(data=servers.data, database_url="", nats_url="")
    return Environment(settings, Backends(settings, [name for name, spec in SPECS.items() if spec.database]), PORTS, replicas)


@pytest.mark.parametrize("replicas", [6, 9, 18, 30])
def test_all_replicas_together_stay_below_the_connections(servers: LocalServers, replicas: int) -> None:
    env = environment(servers, replicas).of(SPECS["routing"])
    each = int(env["LIANXIN_POOL_SIZE"]) + int(env["LIANXIN_POOL_OVERFLOW"])
    assert 2 <= each <= 10
    assert each * replicas <= CONNECTIONS


def test_more_replicas_than_the_server_can_bear_are_refused(servers: LocalServers) -> None:
    with pytest.raises(LocalError, match="SCALE"):
        environment(servers, 46)


def test_a_pool_set_by_hand_stays(servers: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANXIN_POOL_SIZE", "3")
    assert environment(servers, 6).of(SPECS["routing"])["LIANXIN_POOL_SIZE"] == "3"


def test_no_service_gets_what_was_meant_for_another(servers: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIANXIN_DATABASE_URL", "LIANXIN_MASTER_KEY", "LIANXIN_NATS_SEED"):
        monkeypatch.setenv(name, "the whole suite's")
    made = environment(servers, 6)
    envs = {name: made.of(spec) for name, spec in SPECS.items()}
    for name in ("LIANXIN_DATABASE_URL", "LIANXIN_MASTER_KEY"):
        assert name not in envs["gateway"]
        values = [env[name] for service, env in envs.items() if service != "gateway"]
        assert len(set(values)) == len(values) == 6
    assert len({env["LIANXIN_NATS_SEED"] for env in envs.values()}) == 7
    assert [name for name, env in envs.items() if "LIANXIN_UPSTREAMS" in env] == ["gateway"]
    assert set(json.loads(envs["gateway"]["LIANXIN_UPSTREAMS"])) == set(SPECS) - {"gateway"}


def test_a_bus_url_with_a_login_of_its_own_needs_no_seed(servers: LocalServers, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = RunSettings(data=servers.data, nats_url="nats://user:password@127.0.0.1:4222")
    made = Environment(settings, Backends(settings, ["routing"]), PORTS, 1)
    env = made.of(ServiceSpec("routing", "nowhere:build"))
    assert "LIANXIN_NATS_SEED" not in env
    assert env["LIANXIN_NATS_URL"] == settings.nats_url
