"""The servers that a backup or a restore works on: those of the running suite, or started for the purpose."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from nats.aio.client import Client
from nats.errors import Error as NatsError

from deploy.local import accounts, checks
from deploy.local.backends import Backends
from deploy.local.errors import LocalError
from deploy.local.nats_server import NatsServer
from deploy.local.servers import SERVICES
from deploy.local.settings import RunSettings
from deploy.local.state import running
from shared.bus import connect_once


@contextmanager
def standing(settings: RunSettings, *, alone: bool) -> Iterator[Backends]:
    """Running servers; `alone` refuses those of a running suite and keeps one from starting meanwhile. Raises LocalError."""
    backends = Backends(settings, list(SERVICES))
    if running(settings.data):
        if alone:
            raise LocalError("The suite is running. `make stop` stops it.", "系统正在运行，请先执行 make stop。")
        yield backends
        return
    accounts.make_data_folder(settings.data, passage=not settings.database_url)
    checks.check_layout(settings.data)
    lock = checks.RunLock(settings.data)
    if not lock.take():
        raise LocalError("The suite is just starting or stopping. Try again.", "系统正在启动或停止，请稍后再试。")
    try:
        if alone and isinstance(backends.bus, NatsServer):
            # Message by message on the disk a restore is some thirty times slower; it is on the disk whole at the end.
            backends.bus.sync = "2m"
        backends.bus.start(tied=True)
        backends.database.start(tied=True)
        yield backends
    finally:
        backends.stop()
        os.sync()
        lock.release()


@asynccontextmanager
async def operator(backends: Backends) -> AsyncIterator[Client]:
    """A connection to the broker with the operator's rights. Raises LocalError."""
    try:
        client = await connect_once(backends.bus.url, backends.seed("operator"))
    except (NatsError, OSError) as error:
        raise LocalError(f"NATS does not answer ({type(error).__name__}).", "无法连接 NATS。") from error
    try:
        yield client
    finally:
        await client.close()


def tools(settings: RunSettings) -> Path:
    """The folder of pg_dump and pg_restore."""
    return settings.postgres_tools or accounts.postgres_binaries(settings.data, None)
