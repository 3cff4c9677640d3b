"""Servers that are not ours: PostgreSQL by LIANXIN_DATABASE_URL, NATS by LIANXIN_NATS_URL. Never started or stopped."""

import contextlib
import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from deploy.local import accounts
from deploy.local.credentials import Credentials
from deploy.local.errors import LocalError
from deploy.local.provisioning import provisioning_sql, run_psql
from deploy.nats.config import accounts_block
from deploy.nats.permissions import USERS

OLDEST_MAJOR = 15
CONNECT_SECONDS = 5


class ExternalDatabases:
    """Databases on a server reached by URL.

    A URL with `{service}` in it is used as it is for each service, whose roles and databases somebody has made.
    Any other URL is an administrator's: with it a role and a database per service are made on the server.
    """

    pid: int | None = None

    def __init__(self, url: str, data: Path, credentials: Credentials, roles: Sequence[str]) -> None:
        self._url = url
        self._data = data
        self._credentials = credentials
        self._roles = roles

    def start(self, *, tied: bool = False) -> None:
        """Check that the server answers and is recent enough, and make what is missing. Raises LocalError."""
        psql = str(accounts.postgres_binaries(self._data, None) / "psql")
        made_by_others = "{service}" in self._url
        for url in [self._url.replace("{service}", role) for role in self._roles] if made_by_others else [self._url]:
            server = _psql_environment(_parse(url))
            script = f"SELECT 1 / (current_setting('server_version_num')::int >= {OLDEST_MAJOR}0000)::int;"
            failure = run_psql(psql, server, script)
            if failure:
                raise _wrong_database(url, failure)
            if not made_by_others:
                failure = run_psql(psql, server, provisioning_sql(self._roles, self._credentials, borrow=True))
                if failure:
                    raise _wrong_database(url, failure)

    def stop(self) -> None:
        """Nothing: the server is not ours."""

    def url(self, role: str) -> str:
        """SQLAlchemy URL (asyncpg) of the role's own database."""
        parts = _parse(self._url.replace("{service}", role))
        if "{service}" in self._url:
            return parts._replace(scheme="postgresql+asyncpg").geturl()
        place = parts.netloc.rpartition("@")[2]
        login = f"{role}:{self._credentials.password(role)}"
        return parts._replace(scheme="postgresql+asyncpg", netloc=f"{login}@{place}", path=f"/{role}").geturl()


class ExternalBus:
    """A NATS server reached by URL, whose users are made from `python -m deploy.local nats-users`."""

    pid: int | None = None
    max_file_store = 0

    def __init__(self, url: str) -> None:
        self.url = url

    def start(self, *, tied: bool = False) -> None:
        """Check that a NATS server with JetStream answers there. Raises LocalError."""
        problem = "no server answers"
        for one in self.url.split(","):
            with contextlib.suppress(OSError, ValueError):
                parts = urlsplit(one if "://" in one else f"nats://{one}")
                address = (parts.hostname or "", parts.port or 4222)
                with socket.create_connection(address, timeout=CONNECT_SECONDS) as connection:
                    word, _, rest = connection.makefile("rb").readline().partition(b" ")
                    if word != b"INFO":
                        problem = "what answers is not a NATS server"
                    elif json.loads(rest).get("jetstream"):
                        return
                    else:
                        problem = "the server has no JetStream"
        raise LocalError(
            f"LIANXIN_NATS_URL={_without_secret(self.url)}: {problem}. Correct it, or unset it to use the embedded one.",
            f"LIANXIN_NATS_URL={_without_secret(self.url)} 不可用；请改正，或取消该变量以使用内置的 NATS。",
        )

    def stop(self) -> None:
        """Nothing: the server is not ours."""


def nats_users(data: Path, site: str) -> str:
    """The configuration of the suite's users for an external server, as JSON; it holds public keys only."""
    credentials = Credentials(data / "secrets")
    keys = {user: credentials.public_key(user) for user in USERS}
    return json.dumps(accounts_block(site, keys), indent=2) + "\n"


def _parse(url: str) -> SplitResult:
    parts = urlsplit(url)
    if not parts.scheme.startswith("postgres") or not parts.username:
        raise _wrong_database(url, "it must read postgresql://user:password@host:5432/database")
    return parts


def client_environment(url: str) -> Mapping[str, str]:
    """The PG* variables with which PostgreSQL's own programs reach a database, so that no secret is on a command line."""
    return _psql_environment(_parse(url))


def _psql_environment(parts: SplitResult) -> Mapping[str, str]:
    options = parse_qs(parts.query)
    return {
        "PGHOST": parts.hostname or options.get("host", [""])[0],
        "PGPORT": str(parts.port or options.get("port", ["5432"])[0]),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")) or "postgres",
        "PGSSLMODE": options.get("ssl", options.get("sslmode", ["prefer"]))[0],
        "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS),
    }


def _wrong_database(url: str, why: str) -> LocalError:
    if "division by zero" in why:
        why = f"the server is older than PostgreSQL {OLDEST_MAJOR}"
    return LocalError(
        f"LIANXIN_DATABASE_URL={_without_secret(url)}: {why}. Correct it, or unset it to use the embedded PostgreSQL.",
        f"LIANXIN_DATABASE_URL={_without_secret(url)} 不可用；请改正，或取消该变量以使用内置的 PostgreSQL。",
    )


def _without_secret(url: str) -> str:
    scheme, _, rest = url.rpartition("://")
    return f"{scheme}://…@{rest.rpartition('@')[2]}" if "@" in rest else url
