"""The database server and the bus that a run of the suite stands on, embedded or external."""

import time
from collections.abc import Sequence

from deploy.local.credentials import Credentials
from deploy.local.external import ExternalBus, ExternalDatabases
from deploy.local.nats_server import NatsServer
from deploy.local.postgres import Postgres
from deploy.local.settings import RunSettings

REVIVE_FIRST = 0.2
REVIVE_LONGEST = 10.0


class Backends:
    """PostgreSQL and NATS of one run; `databases` names the services that have a database."""

    def __init__(self, settings: RunSettings, databases: Sequence[str]) -> None:
        data = settings.data
        self.credentials = Credentials(data / "secrets")
        self.database: Postgres | ExternalDatabases = (
            ExternalDatabases(settings.database_url, data, self.credentials, databases)
            if settings.database_url
            else Postgres(data, self.credentials, databases)
        )
        self.bus: NatsServer | ExternalBus = (
            ExternalBus(settings.nats_url)
            if settings.nats_url
            else NatsServer(data, settings.site, self.credentials, port=settings.nats_port, max_file_store=settings.nats_store)
        )
        self._delay = REVIVE_FIRST
        self._not_before = 0.0

    def seed(self, user: str) -> str | None:
        """The nkey seed with which a service reaches the bus; None when the bus's URL carries a login of its own."""
        return None if "@" in self.bus.url else self.credentials.seed(user)

    def revive(self) -> list[str]:
        """Start again an embedded server that has died, with growing pauses; the names of those started."""
        servers = [server for server in (self.bus, self.database) if isinstance(server, NatsServer | Postgres)]
        dead = [server for server in servers if server.daemon.pid is None]
        now = time.monotonic()
        if not dead or now < self._not_before:
            return []
        recently = now - self._not_before < 60
        self._delay = min(self._delay * 2, REVIVE_LONGEST) if recently else REVIVE_FIRST
        self._not_before = now + self._delay
        for server in dead:
            server.start(tied=True)
        return [server.daemon.name for server in dead]

    def stop(self) -> None:
        """Stop the embedded servers: NATS, then PostgreSQL."""
        self.bus.stop()
        self.database.stop()
