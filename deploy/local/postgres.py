"""The embedded PostgreSQL 18: one cluster per data folder, one role and one database per service, Unix socket only."""

import contextlib
import hashlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from deploy.local import accounts
from deploy.local.credentials import Credentials, write_private
from deploy.local.errors import LocalError
from deploy.local.processes import Daemon, wait_until
from deploy.local.provisioning import provisioning_sql, run_psql

SUPERUSER = "postgres"
MAJOR = "18"
PORT = 5432
"""Only a part of the socket's name: nothing listens on TCP."""

START_SECONDS = 60.0
"""Recovery after a crash can take a while; a start that needs longer is reported as failed."""

SOCKET_NAME_LIMIT = 107
"""Bytes that Linux allows for a Unix socket's path."""

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "''",
    "port": str(PORT),
    "max_connections": "100",
    "shared_buffers": "40MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "huge_pages": "off",
    # Small machine: no helper processes that a few connections do not need.
    "io_method": "sync",
    "max_worker_processes": "4",
    "max_parallel_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "2",
    # An outbox is a queue: a thousand rows a minute come and go, and each that is dead is still looked at.
    "autovacuum_naptime": "10s",
    "jit": "off",
    # A commit is on disk before it is answered, and the log allows base backups and recovery to a point in time.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "wal_compression": "on",
    "max_wal_senders": "3",
    "min_wal_size": "64MB",
    "max_wal_size": "256MB",
    "password_encryption": "'scram-sha-256'",
    "idle_in_transaction_session_timeout": "'5min'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_destination": "'stderr'",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    # Rows hold personal data: errors are logged without the statement, its parameters and the offending values.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

HBA = f"""\
# Made by Lianxin at each start. A role reaches the database of its own name, and no other; nothing comes by TCP.
local  all       {SUPERUSER}  scram-sha-256
local  sameuser  all       scram-sha-256
"""


class Postgres:
    """The cluster under `<data>/postgres`; passwords come from `credentials`."""

    def __init__(self, data: Path, credentials: Credentials, roles: Sequence[str]) -> None:
        self.folder = data / "postgres"
        self._data = data
        self._credentials = credentials
        self._roles = roles
        self._provisioned = False
        self.daemon = Daemon("PostgreSQL", data / "logs" / "postgres.log", str(self.folder), self._read_pid)

    @cached_property
    def _user(self) -> tuple[int, int] | None:
        return accounts.server_user()

    @property
    def socket_folder(self) -> Path:
        """Where the socket lies: under the data folder, or in a private temporary folder when that path is too long."""
        folder = self._data / "run" / "postgres"
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= SOCKET_NAME_LIMIT:
            return folder
        digest = hashlib.sha256(os.fsencode(self._data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"lianxin-{digest}"

    def url(self, role: str) -> str:
        """SQLAlchemy URL (asyncpg) with which `role` reaches the database of its own name."""
        password = self._credentials.password(role)
        return f"postgresql+asyncpg://{role}:{password}@/{role}?host={quote(str(self.socket_folder))}&port={PORT}"

    @property
    def pid(self) -> int | None:
        """Pid of the server's main process, None when it is down."""
        return self.daemon.pid

    def start(self, *, tied: bool = False) -> None:
        """Make the cluster if there is none, start it, and wait until every role and database is there.

        `tied` shuts the server down (SIGINT) should this process be killed. Raises LocalError.
        """
        if self.daemon.pid is None:
            self._prepare()
            self._launch(tied)
        elif not wait_until(self._ready, START_SECONDS):
            raise self.daemon.failed_to_start()
        if not self._provisioned:
            self._provision()
            self._provisioned = True

    def stop(self) -> None:
        """Shut down: open transactions are rolled back, everything committed is kept."""
        self.daemon.stop([(signal.SIGINT, 15), (signal.SIGQUIT, 5)])
        self._provisioned = False

    def _prepare(self) -> None:
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        version = (self.folder / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            raise LocalError(
                f"{self.folder} was written by PostgreSQL {version}; this version of Lianxin brings {MAJOR}. "
                "Dump it with the version that wrote it, move the folder away and restore.",
                f"{self.folder} 由 PostgreSQL {version} 写成，本版自带 {MAJOR}；请用原版本导出，移走该目录后再导入。",
            )
        accounts.make_private(self.socket_folder, self._user)
        socket_line = {"unix_socket_directories": f"'{self.socket_folder}'"}
        lines = [f"{name} = {value}" for name, value in {**SETTINGS, **socket_line}.items()]
        self._write("postgresql.conf", "# Made by Lianxin at each start.\n" + "\n".join(lines) + "\n")
        self._write("pg_hba.conf", HBA)

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there whole, so that a crash here leaves nothing half-made."""
        fresh = self.folder.with_name("postgres.new")
        accounts.remove_tree(fresh)
        accounts.make_private(fresh, self._user)
        with tempfile.NamedTemporaryFile("w", dir=self._data, prefix="initdb-") as password:
            password.write(self._credentials.password(SUPERUSER))
            password.flush()
            if self._user:
                os.fchown(password.fileno(), *self._user)
            command = [self._binary("initdb"), "-D", str(fresh), "-U", SUPERUSER, f"--pwfile={password.name}"]
            command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"]
            # The built-in provider sorts by code point, the same on every machine.
            command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            user, group = self._user or (None, None)
            done = subprocess.run(command, cwd=self._data, capture_output=True, text=True, user=user, group=group, check=False)
        if done.returncode:
            raise LocalError(f"initdb failed: {done.stderr.strip()}", f"数据库初始化失败：{done.stderr.strip()}")
        fresh.rename(self.folder)

    def _launch(self, tied: bool) -> None:
        command = [self._binary("postgres"), "-D", str(self.folder)]

        def ready_or_relaunched() -> bool:
            if self.daemon.exited():
                # After a kill -9 the old server's children hold the shared memory for a moment longer.
                if "pre-existing shared memory" not in self.daemon.last_words():
                    raise self.daemon.failed_to_start()
                self.daemon.launch(command, cwd=self.folder, user=self._user, tied=signal.SIGINT if tied else None)
            return self._ready()

        self.daemon.launch(command, cwd=self.folder, user=self._user, tied=signal.SIGINT if tied else None)
        if not wait_until(ready_or_relaunched, START_SECONDS):
            raise self.daemon.failed_to_start()

    def _ready(self) -> bool:
        # Both from one reading: between two, the file of a server that was killed gives way to the new one's.
        lines = self._pid_file()
        return len(lines) > 7 and lines[7].strip() == "ready" and lines[0].strip() == str(self.daemon.pid)

    def _provision(self) -> None:
        server = {"PGHOST": str(self.socket_folder), "PGPORT": str(PORT), "PGUSER": SUPERUSER, "PGDATABASE": SUPERUSER}
        server["PGPASSWORD"] = self._credentials.password(SUPERUSER)
        closed = f"REVOKE ALL ON DATABASE {SUPERUSER}, template1 FROM PUBLIC;\n"
        failure = run_psql(self._binary("psql"), server, closed + provisioning_sql(self._roles, self._credentials))
        if failure:
            raise LocalError(
                f"PostgreSQL does not accept the roles: {failure}. If {self._credentials.folder} was lost or changed, "
                "restore it from the backup that belongs to this data folder.",
                f"数据库拒绝建立角色：{failure}；若密钥目录丢失或改动，请从备份恢复。",
            )

    def _binary(self, name: str) -> str:
        return str(accounts.postgres_binaries(self._data, self._user) / name)

    def _write(self, name: str, text: str) -> None:
        """Writes a file whole or not at all, and only when it changes: a full disk must not keep the server from starting."""
        path = self.folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return
        write_private(path, text)
        if self._user:
            os.chown(path, *self._user)

    def _pid_file(self) -> list[str]:
        with contextlib.suppress(OSError):
            return (self.folder / "postmaster.pid").read_text().splitlines()
        return []

    def _read_pid(self) -> int | None:
        lines = self._pid_file()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None
