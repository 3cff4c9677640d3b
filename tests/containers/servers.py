"""PostgreSQL and NATS from their images, by testcontainers, in the place of the embedded servers: same tests, other servers."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deploy.local.accounts import make_data_folder
from deploy.local.credentials import Credentials
from deploy.local.errors import LocalError
from deploy.local.external import ExternalBus, ExternalDatabases
from deploy.local.nats_server import DEFAULT_FILE_STORE
from deploy.local.postgres import SUPERUSER
from deploy.local.processes import wait_until
from deploy.nats.config import NatsSettings, nats_config
from deploy.nats.permissions import SERVICES, USERS
from tests.e2e.suite import free_port

POSTGRES_IMAGE, NATS_IMAGE = "postgres:15", "nats:2.15"
CHOSEN = os.environ.get("LIANXIN_TEST_SERVERS") == "containers"
"""Whether the session's servers are containers; `make test-containers` says so."""
STARTS_WITHIN = 60.0


class ContainerServers:
    """What `LocalServers` is, in two containers. Ports stay the same when a server starts again.

    While they run, the environment names them, for suites and commands that are started on the same data folder.
    """

    def __init__(self, data: Path, site: str) -> None:
        # Most sessions stand on the embedded servers and need not pay for this import.
        from testcontainers.community.nats import NatsContainer
        from testcontainers.community.postgres import PostgresContainer

        self.data = data
        make_data_folder(data, passage=False)
        self.credentials = Credentials(data / "secrets")
        nats_port, postgres_port = free_port(), free_port()
        self.nats_url = f"nats://127.0.0.1:{nats_port}"
        password = self.credentials.password(SUPERUSER)
        self.admin_url = f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{postgres_port}/{SUPERUSER}"
        postgres = PostgresContainer(POSTGRES_IMAGE, username=SUPERUSER, password=password, dbname=SUPERUSER)
        self._postgres = postgres.with_bind_ports(5432, postgres_port)
        keys = {user: self.credentials.public_key(user) for user in USERS}
        config = nats_config(NatsSettings(site, 4222, Path("/data"), DEFAULT_FILE_STORE, host="0.0.0.0"), keys)
        self._nats = (
            NatsContainer(NATS_IMAGE)
            .with_bind_ports(4222, nats_port)
            .with_copy_into_container(config.encode(), "/nats.conf")
            .with_command("-c /nats.conf")
        )
        self._bus = ExternalBus(self.nats_url)
        self._databases = ExternalDatabases(self.admin_url, data, self.credentials, SERVICES)
        self._environment: pytest.MonkeyPatch | None = None

    def start(self) -> None:
        """Starts what is not running, and waits until both answer."""
        if self._environment is None:
            self._environment = pytest.MonkeyPatch()
            self._environment.setenv("LIANXIN_DATABASE_URL", self.admin_url)
            self._environment.setenv("LIANXIN_NATS_URL", self.nats_url)
            self._environment.setenv("LIANXIN_EVENTS_MAX_BYTES", str(DEFAULT_FILE_STORE // 4))
            self._nats.start()
            self._postgres.start()
        for container, check in ((self._nats, self._bus.start), (self._postgres, self._databases.start)):
            container.get_wrapped_container().start()
            assert wait_until(partial(_answers, check), STARTS_WITHIN, interval=0.05), container.get_logs()

    def stop(self) -> None:
        """Takes both containers away with all that is in them."""
        self._nats.stop()
        self._postgres.stop()
        if self._environment is not None:
            self._environment.undo()

    def database_url(self, service: str) -> str:
        return self._databases.url(service)

    @property
    def admin_database_url(self) -> str:
        return self.admin_url.replace("postgresql", "postgresql+asyncpg", 1)

    def nats_seed(self, user: str) -> str:
        return self.credentials.seed(user)

    def kill_nats(self, number: signal.Signals = signal.SIGKILL) -> None:
        _kill(self._nats, number)

    def kill_postgres(self, number: signal.Signals = signal.SIGKILL) -> None:
        _kill(self._postgres, number)

    def restart_nats(self) -> None:
        self._nats.get_wrapped_container().stop()
        self.start()

    def restart_postgres(self) -> None:
        self._postgres.get_wrapped_container().stop()
        self.start()

    def pause_nats(self) -> None:
        self._nats.get_wrapped_container().pause()

    def resume_nats(self) -> None:
        self._nats.get_wrapped_container().unpause()

    def pause_postgres(self) -> None:
        self._postgres.get_wrapped_container().pause()

    def resume_postgres(self) -> None:
        self._postgres.get_wrapped_container().unpause()


def _kill(container: Any, number: signal.Signals) -> None:
    container.get_wrapped_container().kill(number.name)
    if number in (signal.SIGKILL, signal.SIGTERM):
        container.get_wrapped_container().wait()


def _answers(check: Callable[[], None]) -> bool:
    try:
        check()
    except LocalError:
        return False
    return True


@contextmanager
def external_servers(data: Path, site: str) -> Iterator[None]:
    """While it lasts, a suite started in the folder `data` stands on servers in containers; else nothing is changed."""
    if not CHOSEN:
        yield
        return
    servers = ContainerServers(data, site)
    try:
        servers.start()
        yield
    finally:
        servers.stop()
