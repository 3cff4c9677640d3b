"""Embedded PostgreSQL and NATS of one data folder, started and stopped together."""

import signal
from pathlib import Path

from deploy.local import accounts, checks
from deploy.local.credentials import Credentials
from deploy.local.nats_server import DEFAULT_FILE_STORE, NatsServer
from deploy.local.postgres import SUPERUSER, Postgres
from deploy.nats.permissions import SERVICES

__all__ = ["SERVICES", "LocalServers"]


class LocalServers:
    """The servers of the data folder `data` for the site `site`.

    `nats_port` 0 means: a free one, chosen at first start and kept. `max_file_store` is the bytes JetStream may take.
    """

    def __init__(
        self,
        data: Path,
        site: str = "320412",
        *,
        nats_port: int = 0,
        max_file_store: int = DEFAULT_FILE_STORE,
    ) -> None:
        self.data = data.absolute()
        self.site = site
        self.credentials = Credentials(self.data / "secrets")
        self.postgres = Postgres(self.data, self.credentials, SERVICES)
        self.nats = NatsServer(self.data, site, self.credentials, port=nats_port, max_file_store=max_file_store)

    def start(self, *, tied: bool = False) -> None:
        """Start what is not running and wait until both answer; safe to call again at any time.

        A server left behind by a killed parent is taken over. `tied` (Linux, call it from the main thread) makes the
        kernel stop the servers should this process be killed. Raises LocalError.
        """
        accounts.make_data_folder(self.data)
        checks.check_layout(self.data)
        self.nats.start(tied=tied)
        self.postgres.start(tied=tied)

    def stop(self) -> None:
        """Stop both, NATS first; returns when their processes are gone."""
        self.nats.stop()
        self.postgres.stop()

    def database_url(self, service: str) -> str:
        """SQLAlchemy URL of a service's own database, with its own role and password."""
        if service not in SERVICES:
            raise KeyError(service)
        return self.postgres.url(service)

    @property
    def admin_database_url(self) -> str:
        """SQLAlchemy URL of the superuser, for provisioning and tests only."""
        return self.postgres.url(SUPERUSER)

    @property
    def nats_url(self) -> str:
        """`nats://127.0.0.1:<port>`; connect with a seed and an inbox prefix of `_INBOX.<user>`."""
        return self.nats.url

    def nats_seed(self, user: str) -> str:
        """The nkey seed of a service, of `gateway` or of `operator`."""
        return self.credentials.seed(user)

    @property
    def postgres_pid(self) -> int | None:
        """Pid of PostgreSQL's main process, None when it is down."""
        return self.postgres.daemon.pid

    @property
    def nats_pid(self) -> int | None:
        """Pid of nats-server, None when it is down."""
        return self.nats.daemon.pid

    def restart_nats(self) -> None:
        """Stop and start nats-server, on the same port."""
        self.nats.stop()
        self.nats.start()

    def restart_postgres(self) -> None:
        """Stop and start PostgreSQL; open connections are cut."""
        self.postgres.stop()
        self.postgres.start()

    def kill_nats(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Fault: send a signal to nats-server; `start()` brings it back."""
        self.nats.daemon.kill(number)

    def kill_postgres(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Fault: send a signal to PostgreSQL's main process; `start()` brings it back."""
        self.postgres.daemon.kill(number)

    def pause_nats(self) -> None:
        """Fault: freeze nats-server (SIGSTOP)."""
        self.nats.daemon.signal_tree(signal.SIGSTOP)

    def resume_nats(self) -> None:
        """Let nats-server go on (SIGCONT)."""
        self.nats.daemon.signal_tree(signal.SIGCONT)

    def pause_postgres(self) -> None:
        """Fault: freeze PostgreSQL with all its connections (SIGSTOP)."""
        self.postgres.daemon.signal_tree(signal.SIGSTOP)

    def resume_postgres(self) -> None:
        """Let PostgreSQL go on (SIGCONT)."""
        self.postgres.daemon.signal_tree(signal.SIGCONT)
