"""The two jobs that run to their end before the services start: who is who, and what each finds."""

import json
import os
import runpy
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.local.accounts import make_data_folder
from deploy.local.backends import Backends
from deploy.local.credentials import Credentials, write_private
from deploy.local.errors import LocalError
from deploy.local.postgres import SUPERUSER
from deploy.local.prepare import Preparation, prepare
from deploy.local.settings import RunSettings, read_settings
from deploy.local.table import GATEWAY
from deploy.nats.config import NatsSettings, nats_config
from deploy.nats.permissions import SERVICES, USERS

HOME = Path("/var/lib/lianxin")
"""Each folder in it is a volume of its own, mounted by the jobs and by the one container that it is for."""

NATS_PORT = 4222
SERVERS_SECONDS = 60.0


def operator_settings() -> RunSettings:
    """The settings of jobs and commands: servers that the environment does not name are those of the compose file.

    They are put into the environment too, for what a command starts. Raises LocalError.
    """
    os.environ.setdefault("LIANXIN_DATA", str(HOME / "suite"))
    os.environ.setdefault("LIANXIN_NATS_URL", f"nats://nats:{NATS_PORT}")
    settings = read_settings()
    make_data_folder(settings.data, passage=False)
    if not settings.database_url:
        password = Credentials(settings.data / "secrets").password(SUPERUSER)
        os.environ["LIANXIN_DATABASE_URL"] = f"postgresql://{SUPERUSER}:{password}@postgres:5432/{SUPERUSER}"
    # The streams must fit into the store that nats.conf grants.
    for name, limit in Preparation({}, "", None, settings.site, settings.nats_store).sizes.items():
        os.environ.setdefault(f"LIANXIN_{name.upper()}", str(limit))
    return read_settings()


def credentials() -> None:
    """Makes what is missing of passwords, seeds and keys, and gives each container its own part. Raises LocalError."""
    settings = operator_settings()
    backends = Backends(settings, SERVICES)
    for user in (*SERVICES, GATEWAY):
        write_private(secrets_of(user), json.dumps(_environment(user, backends)))
    write_private(HOME / "postgres" / "password", backends.credentials.password(SUPERUSER))
    server = NatsSettings(settings.site, NATS_PORT, HOME / "nats" / "jetstream", settings.nats_store, host="0.0.0.0")
    write_private(HOME / "nats" / "nats.conf", nats_config(server, {user: backends.credentials.public_key(user) for user in USERS}))


def _environment(user: str, backends: Backends) -> Mapping[str, str]:
    found = {"LIANXIN_NATS_URL": backends.bus.url}
    if (seed := backends.seed(user)) is not None:
        found["LIANXIN_NATS_SEED"] = seed
    if user != GATEWAY:
        found["LIANXIN_DATABASE_URL"] = backends.database.url(user)
        found["LIANXIN_MASTER_KEY"] = backends.credentials.master_key(user)
    return found


def secrets_of(user: str) -> Path:
    """The file with the variables that only this service may know."""
    return HOME / user / "environment.json"


def administrators() -> None:
    """Opens the first two administrators of a new site; their passwords are the two lines of standard input."""
    backends = Backends(operator_settings(), SERVICES)
    os.environ.update(_environment("directory", backends))
    runpy.run_module("services.directory.bootstrap", run_name="__main__")


def migrate() -> None:
    """Makes roles, databases, tables and streams where they are missing or old. Raises LocalError when a server stays away."""
    settings = operator_settings()
    backends = Backends(settings, SERVICES)
    _patiently(backends.bus.start)
    _patiently(backends.database.start)
    prepare(
        Preparation(
            databases={name: backends.database.url(name) for name in SERVICES},
            nats_url=backends.bus.url,
            operator_seed=backends.seed("operator"),
            site=settings.site,
            store=0,  # the stream's size is in the environment by now
        )
    )


def _patiently(check: Callable[[], None]) -> None:
    """Waits for a server: the broker's image has no shell, so that nothing in its container can say when it is ready."""
    deadline = time.monotonic() + SERVERS_SECONDS
    while True:
        try:
            return check()
        except LocalError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)
